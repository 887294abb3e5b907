import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DEFAULT_SCOPES } from '#accounts';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

let api: TestApi;
let maker: string;

interface Made {
  id: string;
  key: string;
  scopes: string[];
  return_hosts: string[];
  expires_at: string | null;
  created_by: string | null;
}

beforeAll(async () => {
  api = await openTestApi();
  maker = await api.key({ returnHosts: ['app.example.com:8443'] });
});

afterAll(() => api.close());

const make = async (as: string, body: object): Promise<Made> => {
  const response = await api.post('/v1/api-keys', as, body);
  expect(response.status).toBe(201);
  return (await response.json()) as Made;
};

describe('API keys', () => {
  it('shows a new key once, accepts it, lists it without its secret, and refuses it after its end', async () => {
    const made = await make(maker, {
      name: ' CI ',
      scopes: ['accounts:read', 'accounts:read'],
      return_hosts: ['App.Example.com:8443'],
    });
    expect(made).toEqual({
      id: expect.stringMatching(/^key_[0-9a-z]{26}$/),
      name: 'CI',
      key: expect.stringMatching(/^dra_test_[0-9A-Za-z]{49}$/),
      key_prefix: made.key.slice(0, 13),
      environment: 'test',
      scopes: ['accounts:read'],
      return_hosts: ['app.example.com:8443'],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      expires_at: null,
      created_by: expect.stringMatching(/^key_[0-9a-z]{26}$/),
    });
    expect((await api.call('/v1/accounts', { as: made.key })).status).toBe(200);

    const list = await (await api.call('/v1/api-keys', { as: maker })).text();
    expect(list).toContain(made.id);
    expect(list).not.toContain(made.key.slice(13));

    expect((await api.call(`/v1/api-keys/${made.id}`, { as: maker, method: 'DELETE' })).status).toBe(204);
    expect((await api.call('/v1/accounts', { as: made.key })).status).toBe(401);
    expect((await api.call(`/v1/api-keys/${made.id}`, { as: maker, method: 'DELETE' })).status).toBe(404);
    expect(await (await api.call('/v1/api-keys', { as: maker })).text()).not.toContain(made.id);
  });

  it('stores no key in the database', async () => {
    const { key } = await make(maker, { name: 'hidden' });
    const pool = new pg.Pool({ connectionString: api.database.url });
    const { rows } = await pool.query('select to_jsonb(api_keys)::text as row from api_keys');
    await pool.end();
    expect(rows.map(({ row }) => String(row)).join()).not.toContain(key.slice(13));
  });

  it('gives a key without named scopes all scopes but the dangerous ones', async () => {
    expect((await make(maker, { name: 'plain' })).scopes).toEqual(DEFAULT_SCOPES);
  });

  it('gives a key no scope that its creator lacks', async () => {
    const { key } = await make(maker, { name: 'small', scopes: ['keys:write', 'accounts:read'] });
    expect((await make(key, { name: 'smaller' })).scopes).toEqual(['accounts:read']);
    const greedy = await api.post('/v1/api-keys', key, { name: 'greedy', scopes: ['accounts:read', 'tokens:read'] });
    expect(greedy.status).toBe(403);
    expect(await greedy.json()).toMatchObject({
      code: 'scope.missing',
      detail: expect.stringContaining('tokens:read'),
    });
    const dashboard = await api.post('/v1/api-keys', await api.token(), { name: 'greedy', scopes: ['tokens:read'] });
    expect(dashboard.status).toBe(403);
  });

  it('limits a created key to the hosts and the end of its creator', async () => {
    const end = new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
    const later = new Date(Date.now() + 172_800_000).toISOString();
    const hosts = ['a.example', 'bücher.example:8443'];
    const parent = await make(await api.token(), {
      name: 'parent',
      environment: 'test',
      scopes: ['keys:write'],
      return_hosts: hosts,
      expires_at: end,
    });
    expect(parent).toMatchObject({
      return_hosts: ['a.example', 'xn--bcher-kva.example:8443'],
      expires_at: end,
      created_by: null,
    });
    const child = { scopes: ['keys:write'], created_by: parent.id };
    expect(await make(parent.key, { name: 'child', scopes: ['keys:write'] })).toMatchObject({
      ...child,
      return_hosts: [],
      expires_at: end,
    });
    expect(
      await make(parent.key, { name: 'child', scopes: ['keys:write'], expires_at: null, return_hosts: null }),
    ).toMatchObject({ ...child, expires_at: end });
    const equal = {
      name: 'child',
      scopes: ['keys:write'],
      expires_at: end,
      return_hosts: ['A.example', 'a.example', 'xn--bcher-kva.example:8443'],
    };
    expect(await make(parent.key, equal)).toMatchObject({
      ...child,
      expires_at: end,
      return_hosts: parent.return_hosts,
    });

    for (const [more, field] of [
      [{ return_hosts: ['a.example', 'b.example'] }, 'return_hosts.1'],
      [{ return_hosts: ['a.example:8443'] }, 'return_hosts.0'],
      [{ expires_at: later }, 'expires_at'],
    ] as const) {
      const response = await api.post('/v1/api-keys', parent.key, { name: 'more', scopes: ['keys:write'], ...more });
      expect([response.status, await response.json()]).toEqual([
        400,
        expect.objectContaining({ errors: [expect.objectContaining({ field })] }),
      ]);
    }
  });

  it('lets a key without an end create keys with or without one', async () => {
    const end = '2090-01-01T00:00:00Z';
    expect(await make(maker, { name: 'a', expires_at: end })).toMatchObject({ expires_at: end });
    expect(await make(maker, { name: 'a' })).toMatchObject({ expires_at: null });
  });

  it('copies the rate limits of the creator to a created key', async () => {
    const slow = await make(await api.token(), {
      name: 'slow',
      environment: 'test',
      scopes: ['keys:write'],
      rate_limits: { read: 7 },
    });
    const { key } = await make(slow.key, { name: 'slow too', scopes: ['keys:write'] });
    expect((await api.call('/v1/api-keys', { as: key })).headers.get('ratelimit-policy')).toBe('"read";q=7;w=60');
  });

  it('revokes all descendants of a revoked key', async () => {
    const chain = [await make(await api.token(), { name: 'first', environment: 'test', scopes: ['keys:write'] })];
    for (const name of ['second', 'third']) chain.push(await make(chain.at(-1)!.key, { name, scopes: ['keys:write'] }));
    const sibling = await make(chain[0]!.key, { name: 'sibling', scopes: ['keys:write'] });
    const statuses = async (): Promise<number[]> =>
      Promise.all([...chain, sibling].map(async ({ key }) => (await api.call('/v1/api-keys', { as: key })).status));
    expect(await statuses()).toEqual([200, 200, 200, 200]);

    expect((await api.call(`/v1/api-keys/${chain[1]!.id}`, { as: sibling.key, method: 'DELETE' })).status).toBe(204);
    expect(await statuses()).toEqual([200, 401, 401, 200]);
    expect((await api.call(`/v1/api-keys/${chain[0]!.id}`, { as: maker, method: 'DELETE' })).status).toBe(204);
    expect(await statuses()).toEqual([401, 401, 401, 401]);
    expect(await (await api.call('/v1/api-keys', { as: maker })).text()).not.toMatch(/"(second|third|sibling)"/);
  });

  it('creates no key for a creator that is revoked at the same time', async () => {
    const pool = new pg.Pool({ connectionString: api.database.url });
    for (let round = 0; round < 5; round += 1) {
      const parent = await make(maker, { name: 'parent', scopes: ['keys:write'] });
      const makings = Array.from({ length: 6 }, (_, at) =>
        api.post('/v1/api-keys', parent.key, { name: `raced-${at}`, scopes: ['keys:write'] }),
      );
      const revoked = api.call(`/v1/api-keys/${parent.id}`, { as: maker, method: 'DELETE' });
      for (const answer of await Promise.all(makings)) expect([201, 401]).toContain(answer.status);
      expect((await revoked).status).toBe(204);
    }
    const { rows } = await pool.query("select name from api_keys where name like 'raced-%' and revoked_at is null");
    await pool.end();
    expect(rows).toEqual([]);
  });

  it('makes the creation of a key wait for an uncommitted revocation', async () => {
    const pool = new pg.Pool({ connectionString: api.database.url });
    const parent = await make(maker, { name: 'being revoked', scopes: ['keys:write'] });
    const revoking = await pool.connect();
    await revoking.query('begin');
    await revoking.query("select id from workspaces where name = 'default' for no key update");
    await revoking.query("update api_keys set revoked_at = db_now() where name = 'being revoked'");
    const making = api.post('/v1/api-keys', parent.key, { name: 'too late', scopes: ['keys:write'] });
    const isWaiting = async (): Promise<boolean> =>
      (
        await pool.query(
          "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%' and datname = current_database()",
        )
      ).rowCount === 1;
    while (!(await isWaiting()))
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    await revoking.query('commit');
    revoking.release();
    expect((await making).status).toBe(401);
    await pool.end();
  });

  it('lets a key create no key of the other environment, and set no limits', async () => {
    for (const more of [{ environment: 'live' }, { rate_limits: { read: 9 } }]) {
      const response = await api.post('/v1/api-keys', maker, { name: 'a', ...more });
      const errors = [{ field: Object.keys(more)[0], message: expect.any(String) }];
      expect([response.status, await response.json()]).toEqual([
        403,
        expect.objectContaining({ code: 'credential.not_allowed', errors }),
      ]);
    }
    const token = await api.token();
    expect(await make(token, { name: 'a', rate_limits: { read: 9 } })).toMatchObject({ environment: 'live' });
    expect(await make(token, { name: 'a', environment: 'test' })).toMatchObject({ environment: 'test' });
  });

  it.each([
    ['no name', {}],
    ['a long name', { name: 'a'.repeat(81) }],
    ['an unknown scope', { name: 'a', scopes: ['everything'] }],
    ['too many hosts', { name: 'a', return_hosts: Array.from({ length: 21 }, (_, at) => `h${at}.example`) }],
    ['a URL as host', { name: 'a', return_hosts: ['https://app.example.com'] }],
    ['a wildcard as host', { name: 'a', return_hosts: ['*.example.com'] }],
    ['a path behind a host', { name: 'a', return_hosts: ['app.example.com/done'] }],
    ['a user before a host', { name: 'a', return_hosts: ['user@app.example.com'] }],
    ['port 0', { name: 'a', return_hosts: ['app.example.com:0'] }],
    ['a port that is none', { name: 'a', return_hosts: ['app.example.com:99999'] }],
    ['a host with an empty label', { name: 'a', return_hosts: ['app..example.com'] }],
    ['a NUL in a host', { name: 'a', return_hosts: ['app\u0000.example.com'] }],
    ['an end in the past', { name: 'a', expires_at: '2020-01-01T00:00:00Z' }],
    ['an end beyond the years of four digits', { name: 'a', expires_at: '9999-12-31T23:59:59-01:00' }],
    ['an end that the calendar lacks', { name: 'a', expires_at: '2090-02-30T00:00:00Z' }],
    ['an end without a zone', { name: 'a', expires_at: '2090-01-01T00:00:00' }],
  ])('refuses a new key with %s', async (_what, body) => {
    const response = await api.post('/v1/api-keys', maker, body);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'validation.failed']);
  });

  it('answers 404 for a key of another tenant', async () => {
    const { id } = await make(maker, { name: 'mine' });
    const stranger = await api.key({ workspace: 'stranger' });
    const live = await api.key({ environment: 'live' });
    const dashboard = await api.token({ claims: { sub: 'stranger' } });
    for (const as of [stranger, live, dashboard]) {
      expect((await api.call(`/v1/api-keys/${id}`, { as, method: 'DELETE' })).status).toBe(404);
    }
  });

  it('refuses a credential without keys:write', async () => {
    expect((await api.call('/v1/api-keys', { as: await api.key({ scopes: ['accounts:read'] }) })).status).toBe(403);
  });
});
