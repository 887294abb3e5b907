import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

let api: TestApi;
let pool: pg.Pool;
let token: string;

beforeAll(async () => {
  api = await openTestApi();
  pool = new pg.Pool({ connectionString: api.database.url });
  token = await api.token({ expires: '1h' });
  await api.call('/v1/api-keys', { as: token });
});

afterAll(async () => {
  await pool.end();
  await api.close();
});

const stored = async (): Promise<unknown> => (await pool.query('select count(*)::int from api_keys')).rows[0];

const send = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  api.call('/v1/api-keys', {
    as: token,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

/** A body with a good name and these members, or this text. */
const bodyOf = (members: object | string): string =>
  typeof members === 'string' ? members : JSON.stringify({ name: 'a key', ...members });

describe('POST /v1/api-keys', () => {
  it.each<[string, object | string, number, string | null]>([
    ['no body', '', 400, 'body'],
    ['a list', '[]', 400, 'body'],
    ['null', 'null', 400, 'body'],
    ['a text', '"name"', 400, 'body'],
    ['half of a body', '{"name":"a', 400, null],
    ['a name given twice', '{"name":"a","name":"b"}', 400, 'name'],
    ['deep nesting', `{"name":${'['.repeat(2_000)}${']'.repeat(2_000)}}`, 400, `name${'.0'.repeat(19)}`],
    ['a prototype', '{"name":"a","__proto__":{"scopes":["tokens:read"]}}', 400, '__proto__'],
    ['a constructor', { constructor: { prototype: { scopes: ['tokens:read'] } } }, 400, 'constructor'],
    ['more than 102,400 bytes', { name: 'a'.repeat(110_000) }, 413, null],
    ['a name that is a number', { name: 1 }, 400, 'name'],
    ['a name of spaces', { name: '   ' }, 400, 'name'],
    ['a name with a NUL', { name: 'a\u0000b' }, 400, 'name'],
    ['a name with half of a pair', '{"name":"\\ud800"}', 400, 'name'],
    ['an environment of another name', { environment: 'Live' }, 400, 'environment'],
    ['an environment of null', { environment: null }, 400, 'environment'],
    ['no scopes', { scopes: [] }, 400, 'scopes'],
    ['scopes that are a text', { scopes: 'accounts:read' }, 400, 'scopes'],
    ['a scope that is a list', { scopes: [['accounts:read']] }, 400, 'scopes.0'],
    ['a scope with a space', { scopes: ['accounts:read '] }, 400, 'scopes.0'],
    ['a wildcard for a scope', { scopes: ['*'] }, 400, 'scopes.0'],
    ['a member of every object for a scope', { scopes: ['constructor'] }, 400, 'scopes.0'],
    ['a scope that no dashboard token has', { scopes: ['tokens:read'] }, 403, null],
    ['hosts that are an object', { return_hosts: { 0: 'a.example' } }, 400, 'return_hosts'],
    ['an empty host', { return_hosts: [''] }, 400, 'return_hosts.0'],
    ['a host of null', { return_hosts: [null] }, 400, 'return_hosts.0'],
    ['a limit of 0', { rate_limits: { read: 0 } }, 400, 'rate_limits.read'],
    ['a limit below 0', { rate_limits: { write: -1 } }, 400, 'rate_limits.write'],
    ['a limit in fractions', { rate_limits: { heavy: 1.5 } }, 400, 'rate_limits.heavy'],
    ['a limit beyond all numbers', '{"name":"a","rate_limits":{"read":1e400}}', 400, 'rate_limits.read'],
    ['a limit that is a text', { rate_limits: { read: '9' } }, 400, 'rate_limits.read'],
    ['a limit of an unknown class', { rate_limits: { public: 9 } }, 400, 'rate_limits.public'],
    ['limits that are a list', { rate_limits: [] }, 400, 'rate_limits'],
    ['an end that is a number', { expires_at: 4_102_444_800 }, 400, 'expires_at'],
    ['an end of words', { expires_at: 'tomorrow' }, 400, 'expires_at'],
    ['an end of infinity', { expires_at: 'infinity' }, 400, 'expires_at'],
    ['an end just now', { expires_at: new Date().toISOString() }, 400, 'expires_at'],
    ['a key of its own', { key: 'dra_live_mine' }, 400, 'key'],
    ['a maker', { created_by: 'key_01h455vb4pex5vsknk084sn02v' }, 400, 'created_by'],
    ['a workspace', { workspace_id: '01936f8c-0000-7000-8000-000000000000' }, 400, 'workspace_id'],
  ])('refuses a body with %s, and stores nothing', async (_what, members, status, field) => {
    const before = await stored();
    const response = await send(bodyOf(members));
    const problem = (await response.json()) as { errors?: { field: string }[] };
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      expect.stringContaining('application/problem+json'),
    ]);
    expect([...new Set(problem.errors?.map((error) => error.field))]).toEqual(field === null ? [] : [field]);
    expect(await stored()).toEqual(before);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'application/xml'])(
    'refuses the type %s, and stores nothing',
    async (type) => {
      const before = await stored();
      const response = await send(bodyOf({}), { 'content-type': type });
      expect(response.status).toBe(415);
      expect(await stored()).toEqual(before);
    },
  );
});

describe('DELETE /v1/api-keys/{id}', () => {
  it.each([
    ['an unknown id', 'key_01h455vb4pex5vsknk084sn02v'],
    ['an id of another kind', 'acc_01h455vb4pex5vsknk084sn02v'],
    ['a bare UUID', '01936f8c-0000-7000-8000-000000000000'],
    ['an id in capitals', 'KEY_01H455VB4PEX5VSKNK084SN02V'],
    ['an id beyond 128 bits', 'key_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
    ['SQL', "key_'%20or%201=1--"],
    ['a NUL', 'key_%00'],
    ['8,000 characters', 'k'.repeat(8_000)],
  ])('answers 404 to %s, and revokes nothing', async (_what, id) => {
    const response = await api.call(`/v1/api-keys/${id}`, { as: token, method: 'DELETE' });
    expect(response.status).toBe(404);
    expect((await pool.query('select 1 from api_keys where revoked_at is not null')).rowCount).toBe(0);
  });
});

describe('the answer of a route for API keys', () => {
  it('has the members of the contract, and no other', async () => {
    const created = await send(bodyOf({ rate_limits: { read: 9 } }));
    const { id, ...made } = (await created.json()) as { id: string };
    expect(Object.keys({ id, ...made }).toSorted()).toEqual([
      'created_at',
      'created_by',
      'environment',
      'expires_at',
      'id',
      'key',
      'key_prefix',
      'name',
      'return_hosts',
      'scopes',
    ]);
    expect(created.headers.get('cache-control')).toBe('no-store');
    const listed = (await (await api.call('/v1/api-keys', { as: token })).json()) as object[];
    expect(Object.keys(listed[0]!).toSorted()).toEqual([
      ...['created_at', 'created_by', 'environment', 'expires_at', 'id', 'key_prefix', 'last_used_at', 'name'],
      ...['rate_limits', 'return_hosts', 'scopes'],
    ]);
    const revoke = (): Promise<Response> => api.call(`/v1/api-keys/${id}`, { as: token, method: 'DELETE' });
    expect([(await revoke()).status, (await revoke()).status]).toEqual([204, 404]);
  });
});
