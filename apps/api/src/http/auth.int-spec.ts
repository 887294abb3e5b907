import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { turnClock } from '../../../../test/support/database.js';

let api: TestApi;
let pool: pg.Pool;
let key: string;

const statusOf = async (as: string | undefined, headers: Record<string, string> = {}): Promise<number> =>
  (await api.call('/v1/accounts', { ...(as !== undefined && { as }), headers })).status;

beforeAll(async () => {
  api = await openTestApi();
  pool = new pg.Pool({ connectionString: api.database.url });
  key = await api.key();
});

afterAll(async () => {
  await pool.end();
  await api.close();
});

describe('an API key', () => {
  it('opens the door', async () => {
    expect(await statusOf(key)).toBe(200);
  });

  it('is refused with any one character changed', async () => {
    const otherThan = (character: string): string => (character === 'a' ? 'b' : 'a');
    for (const at of [0, 4, 9, 10, 30, 51, 52, key.length - 1]) {
      expect(await statusOf(key.slice(0, at) + otherThan(key[at]!) + key.slice(at + 1))).toBe(401);
    }
  });

  it('is refused when it is cut, doubled or asked for in another way', async () => {
    expect(await statusOf(key.slice(0, -1))).toBe(401);
    expect(await statusOf(key + key)).toBe(401);
    expect(await statusOf(undefined)).toBe(401);
    expect(await statusOf(undefined, { authorization: `Basic ${key}` })).toBe(401);
    expect(await statusOf(undefined, { cookie: `key=${key}` })).toBe(401);
    expect((await api.call(`/v1/accounts?api_key=${key}&access_token=${key}`)).status).toBe(401);
  });

  it('tells a refused caller how to ask, and nothing about the reason', async () => {
    const responses = await Promise.all([api.call('/v1/accounts'), api.call('/v1/accounts', { as: `${key}x` })]);
    const bodies = await Promise.all(responses.map(async (response) => ({ ...(await response.json() as object), request_id: '' })));
    expect(responses[0].headers.get('www-authenticate')).toBe('Bearer');
    expect(bodies[0]).toEqual(bodies[1]);
  });

  it('ends with the next request after it was revoked', async () => {
    const doomed = await api.key({ name: 'doomed' });
    expect(await statusOf(doomed)).toBe(200);
    await pool.query("update api_keys set revoked_at = db_now() where name = 'doomed'");
    expect(await statusOf(doomed)).toBe(401);
  });

  it('ends when it expires, by the clock of the database', async () => {
    const short = await api.key({ expiresAt: new Date(Date.now() + 3_600_000) });
    expect(await statusOf(short)).toBe(200);
    await turnClock(pool, '2 hours');
    expect(await statusOf(short)).toBe(401);
    await turnClock(pool, '0');
  });

  it('contradicted by X-Environment is told so', async () => {
    expect(await statusOf(key, { 'x-environment': 'test' })).toBe(200);
    const response = await api.call('/v1/accounts', { as: key, headers: { 'x-environment': 'live' } });
    expect([response.status, (await response.json() as { code: string }).code]).toEqual([400, 'environment.contradiction']);
    expect(await statusOf(key, { 'x-environment': 'stage' })).toBe(400);
  });

  it('notes its use, at most once a minute', async () => {
    const used = async (): Promise<string> =>
      String((await pool.query("select last_used_at from api_keys where name = 'watched'")).rows[0].last_used_at);
    const watched = await api.key({ name: 'watched' });
    await statusOf(watched);
    const first = await used();
    expect(first).not.toBe('null');
    await statusOf(watched);
    expect(await used()).toBe(first);
  });

  it('lacking a scope is told which', async () => {
    const reader = await api.key({ scopes: ['accounts:read'] });
    const response = await api.call('/v1/accounts/acc_01h455vb4pex5vsknk084sn02q', { as: reader, method: 'DELETE' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'scope.missing', detail: expect.stringContaining('accounts:write') });
  });
});

describe('a dashboard token', () => {
  it('opens the door, and makes its workspace on first sight with a default project in each environment', async () => {
    const token = await api.token({ claims: { sub: 'first-seen' } });
    expect(await Promise.all([statusOf(token), statusOf(token), statusOf(token)])).toEqual([200, 200, 200]);
    const { rows } = await pool.query(
      "select environment from projects p join workspaces w on w.id = p.workspace_id where w.name = 'first-seen' and is_default order by 1",
    );
    expect(rows).toEqual([{ environment: 'live' }, { environment: 'test' }]);
  });

  it.each([
    ['of another key id', { kid: 'k2' }],
    ['of another issuer', { issuer: 'someone' }],
    ['for another audience', { audience: 'another' }],
    ['that has expired', { expires: '-1m' }],
    ['without an end', { expires: null }],
    ['without a workspace', { claims: { sub: '' } }],
  ])('%s is refused', async (_what, wishes) => {
    expect(await statusOf(await api.token(wishes))).toBe(401);
  });

  it('is refused when another algorithm or no signature stands in its header', async () => {
    const [, payload] = (await api.token()).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', kid: 'k1' })).toString('base64url');
    expect(await statusOf(`${header}.${payload!}.`)).toBe(401);
    const hmac = await new SignJWT({ sub: 'default' })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setIssuer('evergrant').setAudience('evergrant').setExpirationTime('5m')
      .sign(Buffer.alloc(32, 1));
    expect(await statusOf(hmac)).toBe(401);
  });

  it('is refused with its last character changed', async () => {
    const token = await api.token();
    const tampered = token.replace(/\.([^.])([^.]*)$/, (_all, first: string, rest: string) => `.${first === 'A' ? 'B' : 'A'}${rest}`);
    expect(await statusOf(tampered)).toBe(401);
  });

  it('means live, unless X-Environment says test', async () => {
    const token = await api.token({ claims: { sub: 'two-sides' } });
    const make = await api.call('/v1/api-keys', {
      as: token,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-environment': 'test' },
      body: JSON.stringify({ name: 'of the test side' }),
    });
    expect(await make.json()).toMatchObject({ environment: 'test' });
    const names = async (headers: Record<string, string>): Promise<unknown> =>
      ((await (await api.call('/v1/api-keys', { as: token, headers })).json()) as { name: string }[]).map(({ name }) => name);
    expect(await names({})).toEqual([]);
    expect(await names({ 'x-environment': 'test' })).toEqual(['of the test side']);
  });

  it('of another workspace sees nothing of this one', async () => {
    const stranger = await api.token({ claims: { sub: 'stranger' } });
    expect(await (await api.call('/v1/api-keys', { as: stranger, headers: { 'x-environment': 'test' } })).json()).toEqual([]);
  });
});
