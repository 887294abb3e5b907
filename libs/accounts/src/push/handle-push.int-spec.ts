import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { HandlePush, type PushOutcome } from '#accounts';
import { CLIENT_SECRET, Flow } from '../../../../test/support/flow.js';
import { attemptsOf, tenantEvents } from '../../../../test/support/flow-rows.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

let oauthAppId: string;
beforeEach(async () => {
  await flow.begin();
  oauthAppId = await flow.app('facebook', { isDefault: true });
});

/** A consent that waits for a selection of its Pages. Returns the person's id at the platform. */
async function waiting(): Promise<string> {
  const started = await flow.start('facebook', { selection: 'manual', userRef: 'user-1' });
  await flow.callback(await flow.decide(started.authorizeUrl, 'many-pages'));
  const { id } = await flow.one<{ id: string }>(
    `select platform_user_id as id from connect_attempts where workspace_id = $1 and status = 'selection_required'`,
    [flow.tenant.workspaceId],
  );
  return id;
}

const OUTBOX_OF_PERSON = 'select id from outbox where workspace_id = $1 and platform_user_id = $2';

async function push(userId: string, topic: string): Promise<PushOutcome> {
  const { now } = await flow.one<{ now: Date }>('select db_now() as now');
  const claims = { algorithm: 'HMAC-SHA256', issued_at: Math.floor(now.getTime() / 1_000), user_id: userId };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const signature = createHmac('sha256', CLIENT_SECRET).update(payload).digest('base64url');
  const body = Buffer.from(new URLSearchParams({ signed_request: `${signature}.${payload}` }).toString());
  return flow.get(HandlePush).execute({ family: 'meta', oauthAppId, topic, headers: {}, body });
}

describe('a consent that waits for a choice', () => {
  it('ends when the person withdraws it: nothing stays sealed for it, and its client gets an event', async () => {
    const userId = await waiting();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'selection_required', sealed: true }]);
    expect(await push(userId, 'deauthorize')).toEqual({ kind: 'taken' });
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'access_denied', sealed: false }]);
    expect(await tenantEvents(flow)).toContainEqual({
      type: 'oauth_attempt.failed',
      data: { provider: 'facebook', error: 'access_denied', user_ref: 'user-1' },
    });
  });

  it('leaves no name behind when the person requests the deletion of the data', async () => {
    const userId = await waiting();
    expect(await push(userId, 'data-deletion')).toEqual({ kind: 'deleted', confirmationCode: expect.any(String) });
    const attempt = await flow.one(
      'select candidates, user_ref as "userRef" from connect_attempts where workspace_id = $1',
      [flow.tenant.workspaceId],
    );
    expect(attempt).toEqual({ candidates: null, userRef: null });
    expect(JSON.stringify(await tenantEvents(flow))).not.toContain('user-1');
  });

  it('leaves no user_ref in the event of an attempt that failed before, even once the attempt itself is deleted', async () => {
    const userId = await waiting();
    await push(userId, 'deauthorize');
    expect(JSON.stringify(await tenantEvents(flow))).toContain('user-1');
    await flow.pool.query('delete from connect_attempts where workspace_id = $1', [flow.tenant.workspaceId]);
    await push(userId, 'data-deletion');
    expect(await tenantEvents(flow)).toContainEqual({
      type: 'oauth_attempt.failed',
      data: { provider: 'facebook', error: 'access_denied' },
    });
    expect(await flow.many(OUTBOX_OF_PERSON, [flow.tenant.workspaceId, userId])).toEqual([]);
  });

  it('keeps the user_ref of attempts of another person, and of those that failed after the deletion was requested', async () => {
    const userId = await waiting();
    await push(userId, 'deauthorize');
    await push('1000000000000001', 'data-deletion');
    await flow.pool.query(`update outbox set created_at = db_now() + interval '1 minute' where workspace_id = $1`, [
      flow.tenant.workspaceId,
    ]);
    await push(userId, 'data-deletion');
    expect(JSON.stringify(await tenantEvents(flow))).toContain('user-1');
  });

  it('is not affected by a notice from before it was given', async () => {
    const userId = await waiting();
    await flow.pool.query(`update connect_attempts set exchanged_at = db_now() + interval '1 minute'`);
    await push(userId, 'deauthorize');
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'selection_required', sealed: true }]);
  });
});

describe('a person who takes the consent back while an earlier one is connected', () => {
  it('ends what is connected and what waits', async () => {
    const account = await flow.connect('facebook', 'many-pages');
    const userId = await waiting();
    await push(userId, 'deauthorize');
    expect(await flow.account(account)).toMatchObject({ health: 'needs_reauth', healthReason: 'deauthorized_by_user' });
    expect((await attemptsOf(flow)).map(({ status }) => status)).toEqual(['completed', 'failed']);
  });
});
