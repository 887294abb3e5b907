import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { SignJWT } from 'jose';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../../test/support/api.js';
import { turnClock } from '../../../../../test/support/database.js';

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
  it('is accepted with its scopes', async () => {
    expect(await statusOf(key)).toBe(200);
  });

  it('is refused with any one character changed', async () => {
    const otherThan = (character: string): string => (character === 'a' ? 'b' : 'a');
    for (const at of [0, 4, 9, 10, 30, 51, 52, key.length - 1]) {
      expect(await statusOf(key.slice(0, at) + otherThan(key[at]!) + key.slice(at + 1))).toBe(401);
    }
  });

  it('is refused when it is cut, doubled or used in another way', async () => {
    expect(await statusOf(key.slice(0, -1))).toBe(401);
    expect(await statusOf(key + key)).toBe(401);
    expect(await statusOf(undefined)).toBe(401);
    expect(await statusOf(undefined, { authorization: `Basic ${key}` })).toBe(401);
    expect(await statusOf(undefined, { cookie: `key=${key}` })).toBe(401);
    expect((await api.call(`/v1/accounts?api_key=${key}&access_token=${key}`)).status).toBe(401);
  });

  it('gets WWW-Authenticate in a refusal, and nothing about the reason', async () => {
    const responses = await Promise.all([api.call('/v1/accounts'), api.call('/v1/accounts', { as: `${key}x` })]);
    const bodies = await Promise.all(
      responses.map(async (response) => ({ ...((await response.json()) as object), request_id: '' })),
    );
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

  it('is refused when X-Environment names the other environment', async () => {
    expect(await statusOf(key, { 'x-environment': 'test' })).toBe(200);
    const response = await api.call('/v1/accounts', { as: key, headers: { 'x-environment': 'live' } });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      400,
      'environment.contradiction',
    ]);
    expect(await statusOf(key, { 'x-environment': 'stage' })).toBe(400);
  });

  it('stores its last use, at most once a minute', async () => {
    const used = async (): Promise<string> =>
      String((await pool.query("select last_used_at from api_keys where name = 'watched'")).rows[0].last_used_at);
    const watched = await api.key({ name: 'watched' });
    await statusOf(watched);
    const first = await used();
    expect(first).not.toBe('null');
    await statusOf(watched);
    expect(await used()).toBe(first);
  });

  it('is refused with the name of a missing scope', async () => {
    const reader = await api.key({ scopes: ['accounts:read'] });
    const response = await api.call('/v1/accounts/acc_01h455vb4pex5vsknk084sn02q', { as: reader, method: 'DELETE' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 'scope.missing',
      detail: expect.stringContaining('accounts:write'),
    });
  });
});

describe('a dashboard token', () => {
  it('is accepted, and creates its workspace at first use with a default project in each environment', async () => {
    const token = await api.token({ claims: { sub: 'first-seen' } });
    expect(await Promise.all([statusOf(token), statusOf(token), statusOf(token)])).toEqual([200, 200, 200]);
    const { rows } = await pool.query(
      "select environment from projects p join workspaces w on w.id = p.workspace_id where w.name = 'first-seen' and is_default order by 1",
    );
    expect(rows).toEqual([{ environment: 'live' }, { environment: 'test' }]);
  });

  it.each([
    ['of another key id', { kid: 'k2' }],
    ['of another issuer', { issuer: 'another' }],
    ['for another audience', { audience: 'another' }],
    ['that has expired', { expires: '-1m' }],
    ['without an end', { expires: null }],
    ['without a workspace', { claims: { sub: '' } }],
  ])('%s is refused', async (_what, overrides) => {
    expect(await statusOf(await api.token(overrides))).toBe(401);
  });

  it('is refused when another algorithm or no signature stands in its header', async () => {
    const [, payload] = (await api.token()).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', kid: 'k1' })).toString('base64url');
    expect(await statusOf(`${header}.${payload!}.`)).toBe(401);
    const hmac = await new SignJWT({ sub: 'default' })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setIssuer('evergrant')
      .setAudience('evergrant')
      .setExpirationTime('5m')
      .sign(Buffer.alloc(32, 1));
    expect(await statusOf(hmac)).toBe(401);
  });

  it('is refused with its last character changed', async () => {
    const token = await api.token();
    const tampered = token.replace(
      /\.([^.])([^.]*)$/,
      (_all, first: string, rest: string) => `.${first === 'A' ? 'B' : 'A'}${rest}`,
    );
    expect(await statusOf(tampered)).toBe(401);
  });

  const HEADER = { alg: 'ES256', kid: 'k1' };
  const end = Math.floor(Date.now() / 1_000) + 300;
  const CLAIMS = { sub: 'default', iss: 'evergrant', aud: 'evergrant', exp: end };
  /** The JSON of an object with some members written by hand. */
  const written = (object: object, raw = ''): string =>
    JSON.stringify(object).replace(/\}$/, raw === '' ? '}' : `,${raw}}`);
  const without = <Key extends string>(object: Record<Key, unknown>, key: Key): object => ({
    ...object,
    [key]: undefined,
  });

  it.each([
    ['nothing more', written(HEADER), written(CLAIMS)],
    ['a type', written({ ...HEADER, typ: 'JWT' }), written(CLAIMS)],
    ['the type of access tokens', written({ ...HEADER, typ: 'at+jwt' }), written(CLAIMS)],
    ['the type as a whole media type', written({ ...HEADER, typ: 'application/at+JWT' }), written(CLAIMS)],
    ['several audiences', written(HEADER), written({ ...CLAIMS, aud: ['another', 'evergrant'] })],
    ['a start in the past', written(HEADER), written({ ...CLAIMS, nbf: end - 600, iat: end - 600 })],
    ['an end in fractions', written(HEADER), written({ ...CLAIMS, exp: end + 0.5 })],
  ])('may have %s', async (_what, header, claims) => {
    expect(await statusOf(api.signed(header, claims))).toBe(200);
  });

  it.each([
    ['a critical extension', written({ ...HEADER, crit: ['exp'], exp: end }), written(CLAIMS)],
    ['an unknown critical extension', written({ ...HEADER, crit: ['x'], x: 1 }), written(CLAIMS)],
    ['an empty list of critical extensions', written({ ...HEADER, crit: [] }), written(CLAIMS)],
    ['critical extensions that are no list', written({ ...HEADER, crit: 'b64' }), written(CLAIMS)],
    ['an unencoded payload', written({ ...HEADER, b64: false, crit: ['b64'] }), written(CLAIMS)],
    ['b64 outside crit', written({ ...HEADER, b64: false }), written(CLAIMS)],
    ['b64 that changes nothing', written({ ...HEADER, b64: true }), written(CLAIMS)],
    ['the type of a logout token', written({ ...HEADER, typ: 'logout+jwt' }), written(CLAIMS)],
    ['the type of a proof', written({ ...HEADER, typ: 'dpop+jwt' }), written(CLAIMS)],
    ['the type of an event', written({ ...HEADER, typ: 'secevent+jwt' }), written(CLAIMS)],
    ['a type that is no text', written({ ...HEADER, typ: ['JWT'] }), written(CLAIMS)],
    ['an end beyond all numbers', written(HEADER), written(without(CLAIMS, 'exp'), '"exp":1e400')],
    ['an end beyond all years', written(HEADER), written({ ...CLAIMS, exp: 1e300 })],
    ['an end in milliseconds', written(HEADER), written({ ...CLAIMS, exp: Date.now() + 300_000 })],
    ['an end that is a text', written(HEADER), written({ ...CLAIMS, exp: String(end) })],
    ['an end of null', written(HEADER), written({ ...CLAIMS, exp: null })],
    ['no end', written(HEADER), written(without(CLAIMS, 'exp'))],
    ['an end just now', written(HEADER), written({ ...CLAIMS, exp: end - 301 })],
    ['a start in the future', written(HEADER), written({ ...CLAIMS, nbf: end })],
    ['a start that is a text', written(HEADER), written({ ...CLAIMS, nbf: '0' })],
    ['a start beyond all numbers', written(HEADER), written(CLAIMS, '"nbf":-1e400')],
    ['an issue in the future', written(HEADER), written({ ...CLAIMS, iat: end })],
    ['other audiences', written(HEADER), written({ ...CLAIMS, aud: ['another', 'evergrant2'] })],
    ['an audience within an audience', written(HEADER), written({ ...CLAIMS, aud: [['evergrant']] })],
    ['no audience', written(HEADER), written(without(CLAIMS, 'aud'))],
    ['no issuer', written(HEADER), written(without(CLAIMS, 'iss'))],
    ['a list of issuers', written(HEADER), written({ ...CLAIMS, iss: ['evergrant'] })],
    ['no key id', written({ alg: 'ES256' }), written(CLAIMS)],
    ['a list for a key id', written({ ...HEADER, kid: ['k1'] }), written(CLAIMS)],
    ['a key of its own', written({ alg: 'ES256', kid: 'k2', jwk: { kty: 'EC' } }), written(CLAIMS)],
    ['a key to be fetched', written({ alg: 'ES256', kid: 'k2', jku: 'https://evil.example/' }), written(CLAIMS)],
    ['another algorithm', written({ ...HEADER, alg: 'ES384' }), written(CLAIMS)],
    ['no algorithm', written({ ...HEADER, alg: 'none' }), written(CLAIMS)],
    ['a token within', written({ ...HEADER, cty: 'JWT' }), written(CLAIMS)],
    ['a claim given twice', written(HEADER), written(CLAIMS, '"sub":"other"')],
    ['a member of its header given twice', written(HEADER, '"kid":"k1"'), written(CLAIMS)],
    ['a role given twice within', written(HEADER), written(CLAIMS, '"a":{"b":1,"b":2}')],
    ['a prototype', written(HEADER), written(CLAIMS, '"__proto__":{"sub":"a"}')],
    ['claims that are a list', written(HEADER), '["evergrant"]'],
    ['claims that are no JSON', written(HEADER), '{'],
    [
      'claims that are no UTF-8',
      written(HEADER),
      Buffer.concat([Buffer.from(written(CLAIMS, '"x":"')), Buffer.from([0xff]), Buffer.from('"}')]),
    ],
    ['deep claims', written(HEADER), written(CLAIMS, `"x":${'['.repeat(500)}${']'.repeat(500)}`)],
  ])('may not have %s', async (_what, header, claims) => {
    expect(await statusOf(api.signed(header, claims))).toBe(401);
  });

  it('is refused when it was signed with the public key as a shared secret', async () => {
    const hmac = await new SignJWT({ sub: 'default' })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setIssuer('evergrant')
      .setAudience('evergrant')
      .setExpirationTime('5m')
      .sign(Buffer.from(api.publicPem));
    expect(await statusOf(hmac)).toBe(401);
  });

  it.each([
    ['a part more', (token: string) => `${token}.${token.split('.')[2]!}`],
    ['a part less', (token: string) => token.split('.').slice(0, 2).join('.')],
    ['padding', (token: string) => `${token}==`],
    [
      'another spelling of its last bits',
      (token: string) => token.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
    ],
    ['9,000 characters', (token: string) => `${token}${'A'.repeat(9_000)}`],
  ])('is refused with %s', async (_what, change) => {
    expect(await statusOf(change(await api.token()))).toBe(401);
  });

  it('means live, unless X-Environment is test', async () => {
    const token = await api.token({ claims: { sub: 'two-sides' } });
    const make = await api.call('/v1/api-keys', {
      as: token,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-environment': 'test' },
      body: JSON.stringify({ name: 'of the test side' }),
    });
    expect(await make.json()).toMatchObject({ environment: 'test' });
    const names = async (headers: Record<string, string>): Promise<unknown> =>
      ((await (await api.call('/v1/api-keys', { as: token, headers })).json()) as { name: string }[]).map(
        ({ name }) => name,
      );
    expect(await names({})).toEqual([]);
    expect(await names({ 'x-environment': 'test' })).toEqual(['of the test side']);
  });

  it('sees nothing of another workspace', async () => {
    const stranger = await api.token({ claims: { sub: 'stranger' } });
    expect(
      await (await api.call('/v1/api-keys', { as: stranger, headers: { 'x-environment': 'test' } })).json(),
    ).toEqual([]);
  });
});

describe('the header Authorization', () => {
  /** One request with these header lines as they are; the status of its answer. */
  async function statusWith(...lines: string[]): Promise<number> {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      `GET /v1/accounts HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`,
    );
    socket.setTimeout(5_000, () => {
      socket.destroy();
    });
    const answer = await text(socket);
    return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
  }

  it('may write its scheme in any case, with spaces around the credential', async () => {
    const token = await api.token();
    for (const credential of [key, token]) {
      for (const line of [
        `Authorization: Bearer ${credential}`,
        `authorization: bearer ${credential}`,
        `AUTHORIZATION:BEARER   ${credential}  `,
      ]) {
        expect(await statusWith(line)).toBe(200);
      }
    }
  });

  it('comes once, and carries one credential', async () => {
    const token = await api.token();
    for (const credential of [key, token]) {
      const line = `Authorization: Bearer ${credential}`;
      for (const lines of [
        [line, line],
        [line, 'authorization: Bearer x'],
        ['Authorization: Basic YTpi', line],
        ['Authorization:', line],
        [line, 'Authorization:'],
      ]) {
        expect(await statusWith(...lines)).toBe(401);
      }
      for (const value of [
        `Bearer ${credential} x`,
        `Bearer x ${credential}`,
        `Bearer ${credential},`,
        `Bearer ${credential}, Bearer ${credential}`,
        `Bearer\t${credential}`,
        `Bearer${credential}`,
        `Token Bearer ${credential}`,
        `Bearer: ${credential}`,
        `Bearer "${credential}"`,
        `JWT ${credential}`,
        credential,
      ]) {
        expect(await statusWith(`Authorization: ${value}`)).toBe(401);
      }
    }
  });

  it('is too long with a credential of 100 kB', async () => {
    expect([401, 431]).toContain(await statusWith(`Authorization: Bearer ${'a'.repeat(100_000)}`));
    expect(await statusWith(`Authorization: Bearer ${'a'.repeat(10_000)}`)).toBe(401);
  });
});
