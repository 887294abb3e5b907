import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';
import { SandboxClient, type TokenAnswer } from '../../../../test/support/sandbox-client.js';
import type { ProbeReading } from '../contract/outcome.js';
import { readProbeAnswer } from '../oauth/read-answer.js';
import { linkedin } from './linkedin.provider.js';

const oauth = (path: string): string => `https://www.linkedin.com/oauth/v2${path}`;
const USER_INFO = 'https://api.linkedin.com/v2/userinfo';
const YEAR = 365 * 86_400;

const redirectUri = 'https://evergrant.example/v1/oauth/linkedin/callback';
const app = { client_id: '77abc', client_secret: 'secret' };
const standard = {
  response_type: 'code',
  client_id: app.client_id,
  redirect_uri: redirectUri,
  scope: 'openid profile w_member_social',
  state: 'the state',
};

let sandbox: TestSandbox;
const client = new SandboxClient(() => sandbox, {
  authorizeUrl: oauth('/authorization'),
  tokenUrl: oauth('/accessToken'),
  authorize: standard,
  token: app,
  exchange: { redirect_uri: redirectUri },
});
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const userInfo = (token: string): Promise<Answer> =>
  sandbox.call(USER_INFO, { headers: { authorization: `Bearer ${token}` } });
const introspect = (token: string, fields: object = {}): Promise<Answer> =>
  sandbox.form(oauth('/introspectToken'), { ...app, ...fields, token });
const wait = (seconds: number): Promise<Answer> => sandbox.control('POST', '/clock', { advance_seconds: seconds });
const set = (knobs: object): Promise<Answer> =>
  sandbox.control('POST', '/apps', { provider: 'linkedin', client_id: app.client_id, ...knobs });

const refused = (status: number, error: string, description: unknown = expect.any(String)): object => ({
  status,
  body: { error, error_description: description },
});
const wrongCode = refused(
  400,
  'invalid_redirect_uri',
  expect.stringContaining('does not match authorization code. Or authorization code expired.'),
);
const wrongClient = refused(401, 'invalid_client', 'Client authentication failed');
const revokedToken = refused(
  400,
  'invalid_request',
  'The provided authorization grant or refresh token is invalid, expired or revoked',
);
const missing = (name: string): object => refused(400, 'invalid_request', `A required parameter "${name}" is missing`);
const apiError = (status: number, serviceErrorCode: number, code: string): object => ({
  status,
  body: { status, serviceErrorCode, code, message: expect.any(String) },
});
const invalid = apiError(401, 65600, 'INVALID_ACCESS_TOKEN');
const revoked = apiError(401, 65601, 'REVOKED_ACCESS_TOKEN');
const expired = apiError(401, 65602, 'EXPIRED_ACCESS_TOKEN');

describe('the authorize page of LinkedIn', () => {
  it('goes back with code and state after yes, and with its own error after no', async () => {
    const { searchParams: yes } = await client.decided();
    expect(Object.fromEntries(yes)).toEqual({ code: expect.stringMatching(/^AQ[\w-]{200}$/), state: 'the state' });
    const { searchParams: no } = await client.decided('happy', 'deny');
    expect(Object.fromEntries(no)).toEqual({
      error: 'user_cancelled_authorize',
      error_description: expect.any(String),
      state: 'the state',
    });
  });

  it.each([
    ['scopes parted by commas', { scope: 'openid,profile' }, 'unknown_scope'],
    ['a scope that does not exist', { scope: 'openid r_everything' }, 'r_everything'],
    ['a response type that is not code', { response_type: 'token' }, 'response_type'],
    ['a redirect URI with a fragment', { redirect_uri: `${redirectUri}#part` }, 'redirect_uri'],
    ['a redirect URI that is not absolute', { redirect_uri: '/callback' }, 'redirect_uri'],
    [
      'a person who gives some permissions only: it is all or none',
      { sandbox_user: 'partial-consent' },
      'sandbox_user',
    ],
  ])('shows an error page and redirects no browser for %s', async (_what, params, named) => {
    const { status, body, headers } = await client.authorize(params);
    expect(status).toBe(400);
    expect(headers.get('location')).toBeNull();
    expect(body).toContain(named);
  });
});

describe('the token endpoint of LinkedIn', () => {
  it('gives long tokens, a year for the refresh token, and scopes parted by commas', async () => {
    expect(await client.connect()).toEqual({
      access_token: expect.stringMatching(/^AQ[\w-]{496}$/),
      expires_in: 120,
      refresh_token: expect.stringMatching(/^AQ[\w-]{496}$/),
      refresh_token_expires_in: YEAR,
      scope: 'openid,profile,w_member_social',
      token_type: 'Bearer',
    });
  });

  it("gives no refresh token where the app is no approved partner's, and requires one to refresh with", async () => {
    const tokens = await client.connect('no-refresh-token');
    expect(Object.keys(tokens).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
    expect(await client.refresh('')).toMatchObject(missing('refresh_token'));
  });

  it('takes a verifier for an unknown client', async () => {
    expect(await client.exchange(await client.code(), { code_verifier: 'a-verifier' })).toMatchObject(wrongClient);
    const code = await client.code({ code_challenge: 'of-no-effect', code_challenge_method: 'S256' });
    expect(await client.exchange(code)).toMatchObject({ status: 200 });
  });

  it('takes a code once, and for thirty minutes', async () => {
    const [once, late] = [await client.code(), await client.code()];
    await client.exchange(once);
    expect(await client.exchange(once)).toMatchObject(wrongCode);
    await wait(30 * 60 + 1);
    expect(await client.exchange(late)).toMatchObject(wrongCode);
  });

  it('refuses an unknown code, another redirect URI, another secret, HTTP Basic and another grant type', async () => {
    await client.connect();
    const unknown = refused(401, 'invalid_request', 'Unable to retrieve access token: authorization code not found');
    expect(await client.exchange('AQmade-up')).toMatchObject(unknown);
    expect(await client.exchange(await client.code(), { redirect_uri: `${redirectUri}/` })).toMatchObject(wrongCode);
    expect(await client.exchange(await client.code(), { client_secret: 'other' })).toMatchObject(wrongClient);
    const authorization = `Basic ${Buffer.from('77abc:secret').toString('base64')}`;
    const bare = { client_id: undefined, client_secret: undefined };
    expect(await client.exchange(await client.code(), bare, { authorization })).toMatchObject(missing('client_id'));
    expect(await client.exchange(await client.code(), { grant_type: 'password' })).toMatchObject(
      refused(400, 'unsupported_grant_type'),
    );
  });
});

describe('refreshing at LinkedIn', () => {
  it('gives the same refresh token again, however often it is requested, and leaves the previous access token valid', async () => {
    const first = await client.connect();
    for (let time = 0; time < 3; time += 1) {
      const { status, body } = await client.refresh(first.refresh_token);
      expect([status, body.refresh_token, body.expires_in]).toEqual([200, first.refresh_token, 120]);
      expect(await userInfo(body.access_token)).toMatchObject({ status: 200 });
    }
    expect(await userInfo(first.access_token)).toMatchObject({ status: 200 });
  });

  it('counts the year from the consent, and cuts the access token to what is left of it', async () => {
    await set({ access_ttl_seconds: 60 * 86_400 });
    const { refresh_token: token } = await client.connect();
    const after = async (days: number): Promise<TokenAnswer> => {
      await wait(days * 86_400);
      return (await client.refresh(token)).body;
    };
    const nearly = (days: number): [number, number] => [days * 86_400 - 5, days * 86_400];
    const lifetimes = ({ expires_in, refresh_token_expires_in }: TokenAnswer): unknown[] => [
      expires_in,
      refresh_token_expires_in,
    ];
    const within = ([least, most]: [number, number], life: unknown): boolean =>
      Number(life) >= least && Number(life) <= most;
    const [early, late] = [await after(59), await after(301)];
    expect([within(nearly(60), lifetimes(early)[0]), within(nearly(306), lifetimes(early)[1])]).toEqual([true, true]);
    expect(lifetimes(late).map((life) => within(nearly(5), life))).toEqual([true, true]);
    await wait(5 * 86_400);
    expect(await client.refresh(token)).toMatchObject(revokedToken);
    expect(await userInfo(late.access_token)).toMatchObject(expired);
  });

  it('can be configured to rotate: then the old one is revoked, and the year continues', async () => {
    await set({ rotation: true });
    const first = await client.connect();
    await wait(86_400);
    const { body: second } = await client.refresh(first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second.refresh_token_expires_in).toBeLessThanOrEqual(YEAR - 86_400);
    expect(await client.refresh(first.refresh_token)).toMatchObject(revokedToken);
    expect(await client.refresh(second.refresh_token)).toMatchObject({ status: 200 });
  });

  it('forgives an answer that got lost: the same token works again', async () => {
    const { refresh_token: token } = await client.connect('lost-answer');
    await expect(client.refresh(token)).rejects.toThrow();
    expect(await client.refresh(token)).toMatchObject({ status: 200, body: { refresh_token: token } });
    await expect(client.refresh(token)).rejects.toThrow();
  });

  it('takes no access token for a refresh token, and none of another app', async () => {
    const tokens = await client.connect();
    expect(await client.refresh(tokens.access_token)).toMatchObject(revokedToken);
    expect(await client.refresh(tokens.refresh_token, { client_id: 'other' })).toMatchObject(revokedToken);
    expect(await client.refresh('AQmade-up')).toMatchObject(revokedToken);
  });
});

describe('several consents of one person at LinkedIn', () => {
  it('live side by side while they are for the same scopes, in whatever order', async () => {
    const first = await client.connect();
    const second = await client.connect('happy', { scope: 'w_member_social profile openid' });
    for (const token of [first, second]) expect(await userInfo(token.access_token)).toMatchObject({ status: 200 });
  });

  it("end each other's access tokens when the scopes differ, of that person and app alone", async () => {
    const [first, paula] = [await client.connect(), await client.connect('paula')];
    const { body: elsewhere } = await client.exchange(await client.code({ client_id: 'other' }), {
      client_id: 'other',
    });
    const more = await client.connect('happy', { scope: `${standard.scope} email` });
    expect(await userInfo(first.access_token)).toMatchObject(revoked);
    expect(await introspect(first.access_token)).toMatchObject({
      status: 200,
      body: { active: false, status: 'revoked' },
    });
    for (const token of [more, paula, elsewhere])
      expect(await userInfo(token.access_token)).toMatchObject({ status: 200 });
    await sandbox.restart();
    expect(await userInfo(first.access_token)).toMatchObject(revoked);
  });
});

describe('who it is at LinkedIn', () => {
  it('returns the subject, with name and picture for profile and the address for email', async () => {
    const { body } = await userInfo((await client.connect('happy', { scope: 'openid profile email' })).access_token);
    expect(body).toEqual({
      sub: expect.stringMatching(/^[\w-]{10}$/),
      name: 'Hanna Happy',
      given_name: 'Hanna',
      family_name: 'Happy',
      picture: 'https://sandbox.test/_avatars/happy.svg',
      locale: { country: 'US', language: 'en' },
      email: 'happy@sandbox.example',
      email_verified: true,
    });
    const less = await userInfo((await client.connect('happy', { scope: 'openid' })).access_token);
    expect(less.body).toEqual({ sub: body.sub });
  });

  it('is another subject for another person or another app, and the same after another consent', async () => {
    const subject = async (persona: string, id = app.client_id): Promise<string> => {
      const { body } = await client.exchange(await client.code({ client_id: id }, persona), { client_id: id });
      return (await userInfo(body.access_token)).body.sub as string;
    };
    const subjects = [
      await subject('happy'),
      await subject('happy'),
      await subject('paula'),
      await subject('happy', 'other'),
    ];
    expect(subjects[0]).toBe(subjects[1]);
    expect(new Set(subjects).size).toBe(3);
  });

  it('requires openid, and a known, valid and unrevoked token', async () => {
    const { access_token: unnamed } = await client.connect('happy', { scope: 'w_member_social' });
    expect(await userInfo(unnamed)).toMatchObject(apiError(403, 100, 'ACCESS_DENIED'));
    expect(await sandbox.call(USER_INFO)).toMatchObject({
      status: 401,
      body: { message: 'Empty oauth2_access_token' },
    });
    expect(await userInfo('AQmade-up')).toMatchObject(invalid);
    const { access_token: token } = await client.connect('paula');
    await wait(121);
    expect(await userInfo(token)).toMatchObject(expired);
  });
});

describe('introspection at LinkedIn', () => {
  it('describes a token that is active', async () => {
    const { access_token: token } = await client.connect();
    const now = Math.floor(Date.now() / 1_000);
    const { status, body } = await introspect(token);
    expect([status, body]).toEqual([
      200,
      {
        active: true,
        client_id: app.client_id,
        authorized_at: expect.any(Number),
        status: 'active',
        expires_at: expect.any(Number),
        scope: 'openid,profile,w_member_social',
        auth_type: '3L',
      },
    ]);
    expect(Math.abs(body.authorized_at - now)).toBeLessThan(5);
    expect(Math.abs(body.expires_at - now - 120)).toBeLessThan(5);
  });

  it('reports under 200 a token that expired, was revoked, or belongs to a restricted member', async () => {
    const [happy, rita, sven] = [
      await client.connect(),
      await client.connect('revokes-after-connect'),
      await client.connect('suspended'),
    ];
    await wait(31);
    for (const { access_token: token } of [rita, sven]) {
      expect(await introspect(token)).toMatchObject({ status: 200, body: { active: false, status: 'revoked' } });
      expect(await userInfo(token)).toMatchObject(revoked);
    }
    for (const { refresh_token: token } of [rita, sven])
      expect(await client.refresh(token)).toMatchObject(revokedToken);
    await wait(90);
    expect(await introspect(happy.access_token)).toMatchObject({
      status: 200,
      body: { active: false, status: 'expired' },
    });
  });

  it("reports another app's token as not active, and nothing else", async () => {
    const { access_token: token } = await client.connect();
    const { status, body } = await introspect(token, { client_id: 'other' });
    expect([status, body]).toEqual([200, { active: false }]);
  });

  it('answers a probe, which understands it', async () => {
    const credentials = { clientId: app.client_id, clientSecret: new Secret(app.client_secret) };
    const probe = async (token: string): Promise<ProbeReading> => {
      const input = { app: credentials, accessToken: new Secret(token), scopes: [], platformAccountId: 'any' };
      const { url, form = {} } = linkedin.probe.request(input).reveal();
      const { status, body } = await sandbox.form(url, form);
      return readProbeAnswer(linkedin, { status, headers: {}, body: Buffer.from(JSON.stringify(body)) });
    };
    const [happy, rita] = [await client.connect(), await client.connect('revokes-after-connect')];
    expect(await probe(happy.access_token)).toEqual({ ok: true, scopes: ['openid', 'profile', 'w_member_social'] });
    await wait(31);
    expect(await probe(rita.access_token)).toMatchObject({
      ok: false,
      failure: { class: 'permanent', reason: 'grant_revoked' },
    });
    await wait(90);
    expect(await probe(happy.access_token)).toMatchObject({
      ok: false,
      failure: { class: 'permanent', reason: 'grant_expired' },
    });
    expect(await probe('AQmade-up')).toMatchObject({ ok: false, failure: { class: 'temporary' } });
  });

  it('requires the secret, and a token that LinkedIn issued', async () => {
    const { access_token: token } = await client.connect();
    expect(await introspect(token, { client_secret: 'other' })).toMatchObject(wrongClient);
    expect(await introspect('AQmade-up')).toMatchObject({ status: 400 });
    expect(await introspect('')).toMatchObject(missing('token'));
  });

  it('can go wrong as planned, and is written down', async () => {
    const { access_token: token } = await client.connect();
    await sandbox.control('POST', '/faults', {
      provider: 'linkedin',
      endpoint: 'probe',
      status: 429,
      body: { code: 'TOO_MANY_REQUESTS' },
    });
    expect(await introspect(token)).toMatchObject({ status: 429 });
    expect(await introspect(token)).toMatchObject({ status: 200 });
    const { body: calls } = await sandbox.control('GET', '/calls?endpoint=probe');
    expect(calls).toMatchObject([
      { outcome: 'fault', error: 'TOO_MANY_REQUESTS' },
      { outcome: 'ok', persona: 'happy' },
    ]);
  });
});

describe('revoking at LinkedIn', () => {
  it.each(['access_token', 'refresh_token'] as const)('takes the %s and ends the grant', async (which) => {
    const tokens = await client.connect();
    expect(await sandbox.form(oauth('/revoke'), { ...app, token: tokens[which] })).toMatchObject({ status: 200 });
    expect(await userInfo(tokens.access_token)).toMatchObject(revoked);
    expect(await client.refresh(tokens.refresh_token)).toMatchObject(revokedToken);
  });

  it('requires the secret, and ignores an unknown token', async () => {
    const tokens = await client.connect();
    expect(
      await sandbox.form(oauth('/revoke'), { ...app, client_secret: 'other', token: tokens.access_token }),
    ).toMatchObject(wrongClient);
    expect(await sandbox.form(oauth('/revoke'), { ...app, token: 'AQmade-up' })).toMatchObject({ status: 200 });
    expect(await userInfo(tokens.access_token)).toMatchObject({ status: 200 });
  });
});
