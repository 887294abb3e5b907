import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow } from '../../../../test/support/flow.js';
import { eventsOf, grantOf } from '../../../../test/support/flow-rows.js';

let flow: Flow;

beforeAll(async () => { flow = await Flow.open(); });
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const REFUSED = { status: 400, body: { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' } };
const OTHER = 'paula';
const healthOf = async (id: string): Promise<[string, string | null]> => {
  const { health, healthReason } = await flow.account(id);
  return [health, healthReason];
};
const refresh = async (id: string) => flow.exchange().refresh((await grantOf(flow, id)).id);
const identities = async (): Promise<number> => (await flow.calls('identity')).length;

describe('a platform that wrongly refuses everybody, its API too,', () => {
  it('kills nobody, however often it is asked for minutes, and everybody is active after it', async () => {
    const accounts = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(102);
    await flow.fault({ endpoint: 'token', times: 99, ...REFUSED });
    await flow.fault({ endpoint: 'identity', times: 99, status: 401 });
    for (let minute = 0; minute < 6; minute += 1) {
      for (const id of accounts) await refresh(id);
      await flow.pass(61);
    }
    for (const id of accounts) expect(await healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.sandbox.control('DELETE', '/faults');
    await flow.pass(901);
    for (const id of accounts) expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    for (const id of accounts) expect(await healthOf(id)).toEqual(['active', null]);
  });
});

describe('an account that was revoked among others', () => {
  it('is told to reconnect a minute later: another one is shown to the platform, once, and is taken', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    const [id, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(6_100);
    await flow.revoke();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.pass(61);
    const before = await identities();
    expect(await refresh(id)).toEqual({ kind: 'refused' });
    expect(await healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
    expect(await identities()).toBe(before + 2);
    expect(await healthOf(other)).toEqual(['active', null]);
    expect((await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked')).toHaveLength(1);
  });

  it('is believed by what another one got since, without a question', async () => {
    const [id, other] = [await flow.connect('x'), await flow.connect('x', OTHER)];
    await flow.pass(102);
    await flow.revoke();
    await refresh(id);
    await flow.pass(11);
    expect(await refresh(other)).toEqual({ kind: 'refreshed' });
    await flow.fault({ endpoint: 'identity', times: 1, status: 401 });
    await flow.pass(51);
    await refresh(id);
    expect(await healthOf(id)).toEqual(['needs_reauth', 'grant_revoked']);
  });
});
