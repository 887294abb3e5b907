import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { DeleteOAuthApp, DisconnectAccount, HandlePush } from '#accounts';
import { tryRevocation } from '../libs/exchanger/src/exchange/revoke-tokens.js';
import { CLIENT_SECRET, Flow } from './support/flow.js';
import { attemptsOf } from './support/flow-rows.js';
import { HeldTable } from './support/held-table.js';

/** Two transactions at the same time, of which one looks for a row that the other has not committed yet. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

/** A person who consented; the browser has yet to come back. */
const consent = async (provider: string, persona = 'happy'): Promise<URL> => {
  const { authorizeUrl } = await flow.start(provider);
  return flow.decide(authorizeUrl, persona);
};

describe('a consent that is being stored', () => {
  it('is not ended by the revocation of the tokens that its person had before', async () => {
    const account = await flow.connect('x');
    await flow.fault({ endpoint: 'revoke', status: 503 });
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id: account });
    await flow.revoked();
    await flow.pass(10);
    const { id } = await flow.one<{ id: string }>('select id from pending_revocations');
    const events = await HeldTable.hold(flow.pool, 'account_events');
    const landing = flow.callback(await consent('x'));
    await events.isWaitedFor(1);
    // The revocation stops between its two queries, the consent does not.
    const attempts = HeldTable.hold(flow.pool, 'connect_attempts', 'access exclusive');
    await events.isWaitedFor(2);
    const revoked = tryRevocation(flow.context(), id);
    await events.isWaitedFor(3);
    await events.release();
    await (await attempts).release();
    await landing;
    expect(await revoked).toBe(false);
    expect((await flow.calls('revoke')).map(({ status }) => status)).toEqual([503]);
    expect(await flow.many('select 1 from pending_revocations')).toEqual([]);
  });

  it('is ended by the notice that its person removed the app meanwhile', async () => {
    const oauthAppId = await flow.app('facebook', { isDefault: true });
    const waiting = await flow.start('facebook', { selection: 'manual' });
    await flow.callback(await flow.decide(waiting.authorizeUrl, 'many-pages'));
    const person = await flow.one<{ id: string }>(
      `select platform_user_id as id from connect_attempts where status = 'selection_required' and workspace_id = $1`,
      [flow.tenant.workspaceId],
    );
    const held = await HeldTable.hold(flow.pool, 'account_events');
    const landing = flow.callback(await consent('facebook', 'many-pages'));
    await held.isWaitedFor(1);
    const pushed = pushDeauthorization(oauthAppId, person.id);
    await held.isWaitedFor(2);
    await held.release();
    await Promise.all([landing, pushed]);
    const [, stored] = await attemptsOf(flow);
    expect(await flow.account(stored!.accountIds[0]!)).toMatchObject({
      health: 'needs_reauth',
      healthReason: 'deauthorized_by_user',
    });
  });
});

async function pushDeauthorization(oauthAppId: string, userId: string): Promise<void> {
  const claims = { algorithm: 'HMAC-SHA256', issued_at: Math.floor(Date.now() / 1_000) + 60, user_id: userId };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const signature = createHmac('sha256', CLIENT_SECRET).update(payload).digest('base64url');
  const body = Buffer.from(new URLSearchParams({ signed_request: `${signature}.${payload}` }).toString());
  await flow.get(HandlePush).execute({ family: 'meta', oauthAppId, topic: 'deauthorize', headers: {}, body });
}

/** Resolves when the exchanger has sent the code. */
async function isSent(): Promise<void> {
  while ((await flow.many(`select 1 from exchange_intents where state = 'dispatched'`)).length === 0) await pause(20);
}

describe('a code that is being exchanged while its app is deleted', () => {
  it('has its tokens revoked', async () => {
    const oauthAppId = await flow.app('x', { isDefault: true });
    const back = await consent('x');
    await flow.fault({ endpoint: 'token', delay_ms: 1_000 });
    const landing = flow.callback(back);
    await isSent();
    const app = await HeldTable.hold(flow.pool, 'oauth_apps');
    const deleted = flow.get(DeleteOAuthApp).execute({ tenant: flow.tenant, id: oauthAppId, force: true });
    await app.isWaitedFor(2);
    await app.release();
    await Promise.all([landing, deleted]);
    await flow.revoked();
    const { body } = await flow.sandbox.control('GET', '/calls?provider=x&endpoint=revoke');
    expect(body).toMatchObject([{ outcome: 'ok' }]);
  });
});
