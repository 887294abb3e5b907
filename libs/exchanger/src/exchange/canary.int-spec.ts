import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow, REFUSED } from '../../../../test/support/flow.js';
import { eventsOf, grantOf } from '../../../../test/support/flow-rows.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { makeProject, makeTenant } from '../../../../test/support/rows.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const OTHER = 'paula';
const refresh = async (id: string) => flow.exchange().refresh((await grantOf(flow, id)).id);
/** What the sweep would do for that number of seconds. */
async function refreshDue(accounts: string[], seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds;) {
    for (const id of accounts) await refresh(id);
    const waits = await Promise.all(accounts.map(async (id) => (await grantOf(flow, id)).dueIn));
    const wait = Math.min(seconds - passed, Math.ceil(Math.max(0, Math.min(...waits))) + 1);
    await flow.pass(wait);
    passed += wait;
  }
}
const identities = async (): Promise<number> => (await flow.calls('identity')).length;

describe('a platform that wrongly refuses every request, its API too,', () => {
  it('ends no grant, however often its refresh is requested for minutes, and all are active afterwards', async () => {
    const accounts = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(102);
    await flow.fault({ endpoint: 'token', times: 99, ...REFUSED });
    await flow.fault({ endpoint: 'identity', times: 99, status: 401 });
    for (let minute = 0; minute < 6; minute += 1) {
      for (const id of accounts) await refresh(id);
      await flow.pass(61);
    }
    for (const id of accounts) expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.sandbox.control('DELETE', '/faults');
    await flow.pass(901);
    for (const id of accounts) expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    for (const id of accounts) expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it.each([
    ['its API too', 401],
    ['while its API is down', 503],
    ['while its API works', undefined],
  ])('ends no grant whose token expired, %s, though no other is due for hours', async (_what, status) => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const id = await flow.connect('x');
    await flow.pass(5_600);
    const other = await flow.connect('x', OTHER);
    await flow.pass(200);
    await flow.fault({ endpoint: 'token', times: 99, ...REFUSED });
    if (status !== undefined) await flow.fault({ endpoint: 'identity', times: 99, status });
    await refreshDue([id, other], 120 * 60);
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.sandbox.control('DELETE', '/faults');
    await refreshDue([id, other], 10 * 60);
    for (const one of [id, other]) expect(await flow.healthOf(one)).toEqual(['active', null]);
  });

  it('recovers between two checks and ends no grant: the last check is on the refused one', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const [id] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(6_100);
    await flow.fault({ endpoint: 'token', times: 2, ...REFUSED });
    await flow.fault({ endpoint: 'identity', times: 2, status: 401 });
    await refresh(id);
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
  });

  it('is not taken for well by an answer that was under way when it began to refuse', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const [id, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(6_100);
    await flow.fault({ endpoint: 'token', times: 1, delay_ms: 600 });
    const slow = refresh(other);
    while ((await grantOf(flow, other)).state !== 'in_flight') await setTimeout(10);
    await flow.fault({ endpoint: 'token', times: 9, ...REFUSED });
    await flow.fault({ endpoint: 'identity', times: 9, status: 401 });
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await slow).toEqual({ kind: 'refreshed' });
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
  });
});

describe('an account that was revoked among others', () => {
  it('needs a reconnect a minute later: the platform is called once with another grant, and accepts it', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const [id, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(6_100);
    await flow.revoke();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.pass(61);
    const before = await identities();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    expect(await identities()).toBe(before + 2);
    expect(await flow.healthOf(other)).toEqual(['active', null]);
    expect((await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked')).toHaveLength(1);
  });

  it('stays in doubt where the only other one has a row that does not open', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const [id, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pool.query('update grant_tokens set sealed_access = sealed_refresh where grant_id = $1', [
      (await grantOf(flow, other)).id,
    ]);
    await flow.pass(6_100);
    await flow.revoke();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
  });

  it('needs a reconnect within half an hour where its token expired first: another grant, due in hours, is refreshed early', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const id = await flow.connect('x');
    await flow.pass(5_700);
    const other = await flow.connect('x', OTHER);
    await flow.pass(1_600);
    await flow.revoke();
    await refreshDue([id, other], 30 * 60);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    expect(await grantOf(flow, other)).toMatchObject({ version: '2', state: 'idle' });
  });

  it('is confirmed by a later success of another grant, without a check', async () => {
    const [id, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(102);
    await flow.revoke();
    await refresh(id);
    await flow.pass(11);
    expect(await refresh(other)).toEqual({ kind: 'refreshed' });
    await flow.fault({ endpoint: 'identity', times: 1, status: 401 });
    await flow.pass(51);
    await refresh(id);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
  });
});

describe('the only account of an app', () => {
  async function refusedOnce(): Promise<string> {
    await flow.knobs('x', { access_ttl_seconds: 36_000 });
    const id = await flow.connect('x');
    await flow.pass(30_300);
    await flow.revoke();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    return id;
  }

  it('needs a reconnect after 65 minutes of refusals, and not before', async () => {
    const id = await refusedOnce();
    await refreshDue([id], 64 * 60);
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await refreshDue([id], 12 * 60);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
  });

  it("needs a reconnect a minute later where the platform accepts another customer's grant meanwhile, which is not called for it", async () => {
    const id = await refusedOnce();
    await flow.pass(61);
    await acceptElsewhere(flow.pool);
    const before = await identities();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    expect(await identities()).toBe(before + 1);
  });

  it('stays in doubt where the platform had accepted the other grant before the first refusal', async () => {
    await acceptElsewhere(flow.pool);
    const id = await refusedOnce();
    await flow.pass(61);
    await acceptElsewhere(flow.pool, 'tiktok');
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
  });
});

describe('one client id in two workspaces', () => {
  /** An account in a second workspace whose app has the client id of the first one. */
  async function connectElsewhere(): Promise<string> {
    const { tenant } = flow;
    const { clientId } = await flow.one<{ clientId: string }>(
      `select client_id as "clientId" from oauth_apps where workspace_id = $1 and provider = 'x'`,
      [tenant.workspaceId],
    );
    flow.tenant = await makeTenant(flow.pool);
    await makeProject(flow.pool, flow.tenant, true);
    await flow.app('x', { clientId });
    const other = await flow.connect('x', OTHER);
    flow.tenant = tenant;
    return other;
  }

  async function refusedTwice(id: string): Promise<void> {
    await flow.pass(6_100);
    await flow.revoke();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    await flow.pass(61);
    expect(await refresh(id)).toEqual({ kind: 'refused' });
  }

  it('is one app: the platform is called with the grant of the other workspace, and accepts it', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const id = await flow.connect('x');
    await connectElsewhere();
    await refusedTwice(id);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
  });

  it('is not one app where the platform has not accepted the secret of the other row', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const id = await flow.connect('x');
    const { id: grantId } = await grantOf(flow, await connectElsewhere());
    await flow.pool.query('update grants set platform_user_id = null where id = $1', [grantId]);
    await refusedTwice(id);
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
  });
});
