import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DueProbes, ProbeNow } from '#accounts';
import { type Fault, Flow } from './support/flow.js';
import { eventsOf, grantOf } from './support/flow-rows.js';

/** A platform whose token endpoint refreshes, and whose API refuses the tokens that it issued. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

const HOUR = 60 * 60;
const MONTH = 30 * 24 * HOUR;
const REFUSED_AT_API: Fault = { endpoint: 'identity', status: 401, body: { title: 'Unauthorized', status: 401 } };
const REJECTED = ['needs_reauth', 'api_rejects_token'];

beforeEach(async () => {
  await flow.begin();
  await flow.knobs('x', { access_ttl_seconds: MONTH });
  // Accounts of other tests are at the same platform.
  await flow.pool.query('update accounts set last_probed_at = null');
});

const probe = (id: string) => flow.get(DueProbes).probe(id);
const refresh = async (id: string) => flow.exchange().refresh((await grantOf(flow, id)).id);
const revocations = async (id: string) =>
  (await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked').map(({ data }) => data);
const probeDueIn = async (id: string): Promise<number> => {
  const sql = 'select extract(epoch from probe_due_at - db_now())::float8 as wait from accounts where id = $1';
  return (await flow.one<{ wait: number }>(sql, [id])).wait;
};

async function connected(persona = 'happy'): Promise<string> {
  const id = await flow.connect('x', persona);
  await flow.pass(HOUR);
  return id;
}

/** The next refresh issues a token that is unknown to the API of the sandbox. */
const issueUselessToken = (n: number) =>
  flow.fault({
    endpoint: 'token',
    status: 200,
    body: { access_token: `useless-${n}`, token_type: 'bearer', expires_in: MONTH },
  });

/** Repeats a refused probe and a refresh of the grant; returns the health after each. */
async function refusals(id: string, times: number, apart = 7 * HOUR): Promise<unknown[]> {
  const healths: unknown[] = [];
  for (let n = 0; n < times; n += 1) {
    await flow.fault(REFUSED_AT_API);
    await probe(id);
    await refresh(id);
    healths.push(await flow.healthOf(id));
    await flow.pass(apart);
  }
  return healths;
}

describe('an account whose API refuses each new token', () => {
  it('needs a reconnect after three tokens in a day, with one event, and is active after an accepted probe', async () => {
    const id = await connected();
    expect(await refusals(id, 5)).toEqual([
      ['active', null],
      ['degraded', 'refresh_unconfirmed'],
      REJECTED,
      REJECTED,
      REJECTED,
    ]);
    expect(await flow.calls('token', 'refresh_token')).toHaveLength(2);
    expect(await revocations(id)).toEqual([{ reason: 'api_rejects_token' }]);
    await probe(id);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect(await refusals(id, 1)).toEqual([['active', null]]);
  });

  it('is active after a reconnect, which begins the count anew', async () => {
    const id = await connected();
    await refusals(id, 3);
    expect(await flow.connect('x')).toBe(id);
    await flow.pass(HOUR);
    expect(await refusals(id, 1)).toEqual([['active', null]]);
  });

  it('keeps its health while fewer than three tokens are refused in any day', async () => {
    const id = await connected();
    const healths = await refusals(id, 5, 13 * HOUR);
    expect(healths).not.toContainEqual(REJECTED);
  });

  it('is counted once for each token, however often the token is refused', async () => {
    const id = await connected();
    for (let n = 0; n < 5; n += 1) {
      await flow.fault(REFUSED_AT_API);
      await probe(id);
      await flow.pass(HOUR);
    }
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('is probed again an hour after the refresh, also at a platform with one probe a day', async () => {
    const id = await connected();
    await refusals(id, 1, 0);
    expect(await probeDueIn(id)).toBeCloseTo(HOUR, -2);
    await flow.pass(HOUR + 1);
    expect(await flow.get(DueProbes).claim(10)).toEqual([id]);
  });

  it('is called again at the request of a client, although the platform has answered today', async () => {
    const id = await connected();
    await refusals(id, 1, HOUR);
    const before = (await flow.calls('identity')).length;
    await flow.get(ProbeNow).execute({ tenant: flow.tenant, id });
    expect((await flow.calls('identity')).length).toBe(before + 1);
  });

  it('waits for 65 minutes of refusals where the platform has no other account', async () => {
    const id = await connected();
    expect(await refusals(id, 4, 20 * 60)).toEqual([
      ['active', null],
      ['degraded', 'refresh_unconfirmed'],
      ['degraded', 'refresh_unconfirmed'],
      ['degraded', 'refresh_unconfirmed'],
    ]);
    expect(await refusals(id, 1)).toEqual([REJECTED]);
  });
});

describe('a token that is refused just after its issue, like the one before', () => {
  it('is probed again a minute later, and is neither refreshed nor counted before', async () => {
    const id = await connected();
    await refusals(id, 1, 30);
    const { version } = await grantOf(flow, id);
    await flow.fault(REFUSED_AT_API);
    await probe(id);
    expect(await refresh(id)).toEqual({ kind: 'nothing_to_do' });
    expect(await probeDueIn(id)).toBeCloseTo(60, -1);
    await flow.pass(61);
    await probe(id);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
    expect((await grantOf(flow, id)).version).toBe(version);
  });

  it('is counted and refreshed once it is refused a second time', async () => {
    const id = await connected();
    await refusals(id, 1, 30);
    await flow.fault({ ...REFUSED_AT_API, times: 2 });
    await probe(id);
    await flow.pass(61);
    await probe(id);
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
  });
});

describe('an account among others of its app', () => {
  it('needs a reconnect if the API refuses its tokens and accepts that of another', async () => {
    const [id, other] = [await connected(), await connected('paula')];
    await issueUselessToken(0);
    await flow.fault(REFUSED_AT_API);
    for (let n = 1; n <= 3; n += 1) {
      await probe(id);
      await issueUselessToken(n);
      await refresh(id);
      await flow.pass(HOUR);
    }
    expect(await flow.healthOf(id)).toEqual(REJECTED);
    expect(await flow.healthOf(other)).toEqual(['active', null]);
  });

  it('stays degraded while the API refuses every account, and is active afterwards without a person', async () => {
    const ids = [await connected(), await connected('paula')];
    await flow.fault({ ...REFUSED_AT_API, times: 99 });
    for (let n = 0; n < 6; n += 1) {
      for (const id of ids) {
        await probe(id);
        await refresh(id);
      }
      await flow.pass(4 * HOUR);
    }
    for (const id of ids) expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.sandbox.control('DELETE', '/faults');
    for (const id of ids) await probe(id);
    for (const id of ids) expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it('is not refused by an answer from before the API recovered: the last check is on its own token', async () => {
    const id = await connected();
    await connected('paula');
    await refusals(id, 2);
    await flow.fault(REFUSED_AT_API);
    await probe(id);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });
});

describe('an app that its platform refuses', () => {
  it('ends no account while its breaker is not closed', async () => {
    const id = await connected();
    await flow.pool.query(
      `insert into breakers (oauth_app_id, state) select oauth_app_id, 'half_open' from accounts where id = $1`,
      [id],
    );
    expect(await refusals(id, 4)).not.toContainEqual(REJECTED);
  });
});
