import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { CLIENT_SECRET, Flow } from '../../../../test/support/flow.js';
import { signX } from '../../../../test/support/signed-push.js';
import { makeTenant } from '../../../../test/support/rows.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { HandlePush } from '../push/handle-push.js';
import { DisconnectAccount } from './disconnect-account.js';
import { RefreshAccount } from './refresh-account.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const press = (id: string, tenant = flow.tenant) => flow.get(RefreshAccount).execute({ tenant, id });
const refreshes = () => flow.calls('token', 'refresh_token');

async function aged(persona = 'happy', seconds = 61): Promise<string> {
  const id = await flow.connect('x', persona);
  await flow.pass(seconds);
  return id;
}

describe('a forced refresh', () => {
  it('happens before it is due, and answers with what is stored then', async () => {
    const id = await aged();
    const before = (await flow.account(id)).tokenExpiresAt!;
    const answer = await press(id);
    expect(answer).toEqual({ id, health: 'active', tokenExpiresAt: (await flow.account(id)).tokenExpiresAt });
    expect(answer.tokenExpiresAt!.getTime()).toBeGreaterThan(before.getTime());
  });

  it('within a minute of the last one answers with what is stored', async () => {
    const id = await aged();
    const first = await press(id);
    expect(await press(id)).toEqual(first);
    expect(await refreshes()).toHaveLength(1);
  });

  it('is refused where the platform refuses, whether the revocation is confirmed or not', async () => {
    const id = await aged();
    await flow.revoke();
    await expect(press(id)).rejects.toMatchObject({ code: 'account.refresh_failed' });
    expect(await flow.account(id)).toMatchObject({ health: 'degraded' });
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    await expect(press(id)).rejects.toMatchObject({ code: 'account.refresh_failed' });
    expect(await flow.account(id)).toMatchObject({ health: 'needs_reauth' });
    await expect(press(id)).rejects.toMatchObject({ code: 'account.refresh_failed' });
  });

  it('has nothing to send without a refresh token', async () => {
    await expect(press(await aged('no-refresh-token'))).rejects.toMatchObject({ code: 'account.not_refreshable' });
    expect(await refreshes()).toEqual([]);
  });

  it.each([
    ['fails', { status: 500 }],
    ['throttles', { status: 429, headers: { 'retry-after': '1800' } }],
    ['cuts the line, twice', { drop: 'before' as const, times: 2 }],
  ])(
    'reports the platform as unavailable where it %s, with the time of the next refresh; never that the person must act',
    async (_, fault) => {
      const id = await aged();
      await flow.fault({ endpoint: 'token', ...fault });
      const refusal = await press(id).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'provider.unavailable', retryAfter: expect.any(Number) });
      expect((refusal as { retryAfter: number }).retryAfter).toBeGreaterThanOrEqual('headers' in fault ? 1_800 : 1);
      expect(await flow.account(id)).toMatchObject({ health: 'degraded' });
    },
  );

  it('reports the app as paused where it is', async () => {
    const id = await aged();
    await flow.fault({ endpoint: 'token', status: 401, body: { error: 'invalid_client' } });
    await expect(press(id)).rejects.toMatchObject({ code: 'oauth_app.paused', retryAfter: expect.any(Number) });
    expect(await flow.account(id)).toMatchObject({ health: 'active' });
  });

  it("finds no account that is unknown, disconnected or another tenant's", async () => {
    const id = await aged();
    await expect(press(id, await makeTenant(flow.pool))).rejects.toMatchObject({ code: 'account.not_found' });
    await expect(press('01936f8c-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'account.not_found' });
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await expect(press(id)).rejects.toMatchObject({ code: 'account.not_found' });
  });

  /** X reports that the person of the tenant's one grant has removed the app. */
  async function notifyRevocation(): Promise<void> {
    const { app, user, at } = await flow.one<{ app: string; user: string; at: number }>(
      `select oauth_app_id as app, platform_user_id as "user", ceil(extract(epoch from db_now()))::int as at from grants
       where workspace_id = $1`,
      [flow.tenant.workspaceId],
    );
    const { headers, body } = signX({ id: app, clientId: '', provider: 'x' }, user, { secret: CLIENT_SECRET, at });
    const push = { family: 'x', oauthAppId: app, topic: null, headers, body: Buffer.from(body) };
    expect(await flow.get(HandlePush).execute(push)).toEqual({ kind: 'taken' });
  }

  /** Runs `end` while the platform has the refresh token and has not answered yet. */
  async function endedMeanwhile(end: (id: string) => Promise<unknown>): Promise<unknown> {
    const id = await aged();
    await flow.fault({ endpoint: 'token', delay_ms: 1_500 });
    const answer = press(id).catch((error: unknown) => error);
    const isSent = () =>
      flow.one<{ sent: boolean }>("select count(*) > 0 as sent from grants where refresh_state = 'in_flight'");
    while (!(await isSent()).sent) await setImmediate();
    await end(id);
    return answer;
  }

  it('is refused where a notice of the platform ends the grant before the answer, and the account stays ended', async () => {
    const answer = await endedMeanwhile(notifyRevocation);
    expect(answer).toMatchObject({ code: 'account.refresh_failed' });
  });

  it('finds no account that is disconnected before the answer', async () => {
    const answer = await endedMeanwhile((id) => flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id }));
    expect(answer).toMatchObject({ code: 'account.not_found' });
  });
});
