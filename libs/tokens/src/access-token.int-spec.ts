import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { openUsableToken, Vault } from '#tokens';
import { Flow, type Fault } from '../../../test/support/flow.js';
import { grantOf } from '../../../test/support/flow-rows.js';
import { makeTenant } from '../../../test/support/rows.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const LIFE = 7_200;
const open = (id: string, { minTtl = 60, tenant = flow.tenant, maxWait = 5_000 } = {}) =>
  openUsableToken(flow.context(), flow.exchange(), { ...tenant, id, minTtl, maxWait });
const refreshes = () => flow.calls('token', 'refresh_token');
const stored = async (id: string): Promise<string> => {
  const grant = await grantOf(flow, id);
  return (await flow.get(Vault).openGrantTokens(flow.pool, { ...flow.tenant, id: grant.id }))!.access.reveal();
};
const served = async (opening: ReturnType<typeof open>): Promise<string> => {
  const outcome = await opening;
  if (outcome.kind !== 'usable') throw new Error(`not served: ${JSON.stringify(outcome)}`);
  return outcome.token.accessToken.reveal();
};

type Query = (sql: string, values?: unknown[]) => Promise<unknown>;

/** The pool, which runs `work` once, after the first statement that matches and before its answer is used. */
function interrupted(pool: Pool, statement: RegExp, work: () => Promise<void>): Pool {
  let isDone = false;
  const wrap =
    (query: Query): Query =>
    async (sql, values) => {
      const answer = await query(sql, values);
      if (!isDone && statement.test(sql)) {
        isDone = true;
        await work();
      }
      return answer;
    };
  const wrapped = <Target extends Pool | PoolClient>(target: Target): Target =>
    new Proxy(target, {
      get: (of, name) => {
        if (name === 'query') return wrap(of.query.bind(of) as Query);
        if (name === 'connect') return async () => wrapped((await of.connect()) as PoolClient);
        const value = Reflect.get(of, name) as unknown;
        return typeof value === 'function' ? (value.bind(of) as unknown) : value;
      },
    });
  return wrapped(pool);
}

/** An account whose token is valid for that number of further seconds. */
async function withLeft(seconds: number, persona = 'happy'): Promise<string> {
  await flow.knobs('x', { access_ttl_seconds: LIFE });
  const id = await flow.connect('x', persona);
  await flow.pass(LIFE - seconds);
  return id;
}

describe('a token that is opened for a caller', () => {
  it('is served as it is while it is valid for longer than was requested', async () => {
    const id = await withLeft(90);
    expect(await served(open(id))).toBe(await stored(id));
    expect(await refreshes()).toEqual([]);
  });

  it('is refreshed before it is served where it ends sooner than was requested', async () => {
    const id = await withLeft(90);
    const before = await stored(id);
    const token = await served(open(id, { minTtl: 120 }));
    expect([token === before, token]).toEqual([false, await stored(id)]);
    expect(await refreshes()).toHaveLength(1);
  });

  it('is refreshed once in a tenth of its lifetime, however long the caller requires it to be valid', async () => {
    const id = await withLeft(LIFE - 61);
    expect(await served(open(id, { minTtl: 86_400 }))).toBe(await stored(id));
    expect(await refreshes()).toEqual([]);
    await flow.pass(LIFE / 10);
    await served(open(id, { minTtl: 86_400 }));
    expect(await refreshes()).toHaveLength(1);
    await flow.pass(61);
    await served(open(id, { minTtl: 86_400 }));
    expect(await refreshes()).toHaveLength(1);
  });

  it.each<[string, Omit<Fault, 'endpoint'>]>([
    ['failed', { status: 500 }],
    ['was refused', { status: 400, body: { error: 'invalid_grant' } }],
    ['was refused to the app', { status: 401, body: { error: 'invalid_client' } }],
    ['was cut off, twice', { drop: 'before', times: 2 }],
  ])('is served for as long as it is valid although its refresh %s', async (_, fault) => {
    const id = await withLeft(30);
    await flow.fault({ endpoint: 'token', ...fault });
    expect(await served(open(id))).toBe(await stored(id));
    expect((await flow.calls('token')).length).toBeGreaterThan(1);
  });

  it.each<[string, Omit<Fault, 'endpoint'>, object]>([
    ['unavailable', { status: 503, headers: { 'retry-after': '90' } }, { kind: 'unavailable' }],
    ['refused', { status: 400, body: { error: 'invalid_grant' } }, { kind: 'refused' }],
    ['app_paused', { status: 401, body: { error: 'invalid_client' } }, { kind: 'app_paused' }],
  ])('is not served once it has ended, with the outcome of its refresh: %s', async (_, fault, refresh) => {
    const id = await withLeft(-10);
    await flow.fault({ endpoint: 'token', ...fault });
    expect(await open(id)).toMatchObject({ kind: 'ended', refresh });
  });

  it('does not press on a platform: after a failure its schedule holds, and the answer is the same', async () => {
    const id = await withLeft(-10);
    await flow.fault({ endpoint: 'token', status: 503, headers: { 'retry-after': '90' } });
    const first = await open(id);
    const sent = (await flow.calls('token')).length;
    expect(await open(id)).toMatchObject({ kind: 'ended', refresh: { kind: 'unavailable' } });
    expect(first).toMatchObject({ kind: 'ended', refresh: { kind: 'unavailable' } });
    expect(await flow.calls('token')).toHaveLength(sent);
    await flow.pass(500);
    expect(await served(open(id))).toBe(await stored(id));
  });

  it('is served in time while its refresh takes long', async () => {
    const id = await flow.connect('x', 'short-lived');
    await flow.pass(19);
    await flow.fault({ endpoint: 'token', delay_ms: 1_500 });
    expect((await open(id)).kind).toBe('usable');
    await flow.exchange().refresh((await grantOf(flow, id)).id, { maxWait: 5_000 });
  });

  it('reports that nothing can refresh it once it has ended', async () => {
    const id = await withLeft(90, 'no-refresh-token');
    expect((await open(id, { minTtl: 120 })).kind).toBe('usable');
    await flow.pass(100);
    expect(await open(id)).toEqual({ kind: 'ended', refresh: { kind: 'not_refreshable' } });
  });

  it('is the one of the Page, without an end, where the account is a Page', async () => {
    await flow.app('facebook');
    const id = await flow.connect('facebook');
    await flow.pass(6_000_000);
    const outcome = await open(id);
    const page = (await flow.get(Vault).openAccountToken(flow.pool, { ...flow.tenant, id }))!.reveal();
    expect(outcome).toMatchObject({ kind: 'usable', token: { expiresAt: null } });
    expect(await served(Promise.resolve(outcome))).toBe(page);
  });

  it("belongs to no account that is unknown or another tenant's", async () => {
    const id = await withLeft(90);
    expect(await open(id, { tenant: await makeTenant(flow.pool) })).toEqual({ kind: 'not_found' });
    expect(await open(id, { tenant: { ...flow.tenant, environment: 'live' } })).toEqual({ kind: 'not_found' });
    expect(await open('01936f8c-0000-7000-8000-000000000000')).toEqual({ kind: 'not_found' });
  });

  it('is served as of one moment where a consent at another app moves the account within the read', async () => {
    const id = await withLeft(90);
    const before = await stored(id);
    const { authorizeUrl } = await flow.start('x', { oauthAppId: await flow.app('x') });
    const consent = await flow.decide(authorizeUrl);
    const pool = interrupted(flow.pool, /join accounts on/, async () => void (await flow.callback(consent)));
    const opening = openUsableToken({ ...flow.context(), pool }, flow.exchange(), {
      ...flow.tenant,
      ...{ id, minTtl: 60, maxWait: 5_000 },
    });
    expect(await served(opening)).toBe(before);
    expect(await stored(id)).not.toBe(before);
    expect(await served(open(id))).toBe(await stored(id));
  });

  it('is not served where the person must reconnect', async () => {
    const id = await withLeft(90);
    await flow.pool.query(`update accounts set health = 'needs_reauth' where id = $1`, [id]);
    expect(await open(id)).toEqual({ kind: 'needs_reauth' });
  });
});
