import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';
import { SandboxClient } from '../../../../test/support/sandbox-client.js';

const AUTHORIZE = 'https://x.com/i/oauth2/authorize';
const TOKEN = 'https://api.x.com/2/oauth2/token';
const REVOKE = 'https://api.x.com/2/oauth2/revoke';
const ME = 'https://api.x.com/2/users/me';

const verifier = 'a-verifier-of-more-than-forty-three-characters-0123456789';
const redirectUri = 'http://localhost:3000/v1/oauth/x/callback';
const standard = {
  response_type: 'code',
  client_id: 'client one',
  redirect_uri: redirectUri,
  scope: 'tweet.read users.read tweet.write offline.access',
  state: 'the state',
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
};
const basic = (secret = 'secret', id = standard.client_id): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});

let sandbox: TestSandbox;
const client = new SandboxClient(() => sandbox, {
  authorizeUrl: AUTHORIZE,
  tokenUrl: TOKEN,
  authorize: standard,
  token: {},
  exchange: { redirect_uri: redirectUri, code_verifier: verifier },
  headers: basic(),
});
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const me = (accessToken: string, query = ''): Promise<Answer> =>
  sandbox.call(`${ME}${query}`, { headers: { authorization: `Bearer ${accessToken}` } });
const invalid = (what: string): object => ({
  error: 'invalid_request',
  error_description: `Value passed for the ${what}`,
});
const revokedToken = { status: 400, body: invalid('token was invalid.') };
const spentCode = { status: 400, body: invalid('authorization code was invalid.') };
const unauthorized = {
  status: 401,
  body: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' },
};

describe('the authorize page of X', () => {
  it('names the app, the requested scopes and the personas that could consent', async () => {
    const { status, body } = await client.authorize();
    expect(status).toBe(200);
    expect(body).toMatch(/client one[\s\S]*Post and repost for you[\s\S]*Hanna Happy/);
  });

  it('is not an address that text from outside can write into', async () => {
    const { body } = await client.authorize({ client_id: '<script>alert(1)</script>' });
    expect(body).toContain('&lt;script&gt;');
    expect(body).not.toContain('<script');
  });

  it('goes back with a code and the state after yes, by form or by parameter', async () => {
    const { searchParams } = await client.decided();
    expect([...searchParams.keys()]).toEqual(['code', 'state']);
    const query = new URLSearchParams(standard).toString();
    const form = await sandbox.form(`${AUTHORIZE}?${query}`, { sandbox_user: 'happy', sandbox_decision: 'approve' });
    expect(form).toMatchObject({ status: 303 });
    expect(new URL(form.headers.get('location')!).searchParams.get('state')).toBe('the state');
  });

  it('goes back with access_denied and the state after no', async () => {
    expect((await client.decided('happy', 'deny')).search).toBe('?error=access_denied&state=the+state');
    expect((await client.decided('denies', 'approve')).searchParams.get('error')).toBe('access_denied');
  });

  it.each([
    ['a missing challenge', { code_challenge: undefined }, 'missing_challenge'],
    ['an unknown challenge method', { code_challenge_method: 'S512' }, 'code_challenge_method'],
    ['a missing client id', { client_id: undefined }, 'client_id'],
    ['a missing redirect URI', { redirect_uri: undefined }, 'redirect_uri'],
    ['a scope that X does not have', { scope: 'tweet.read video.publish' }, 'video.publish'],
    ['a state of more than 500 characters', { state: 's'.repeat(501) }, 'state'],
    ['another response type', { response_type: 'token' }, 'response_type'],
    ['a persona that does not exist', { sandbox_user: 'unknown', sandbox_decision: 'approve' }, 'sandbox_user'],
    [
      'a partial consent, which X does not have',
      { sandbox_user: 'partial-consent', sandbox_decision: 'approve' },
      'sandbox_user',
    ],
  ])('shows an error page and redirects no browser for %s', async (_what, params, named) => {
    const { status, body, headers } = await client.authorize(params);
    expect(status).toBe(400);
    expect(headers.get('location')).toBeNull();
    expect(body).toContain(named);
  });

  it('takes only the redirect URI that the app came with first, to the letter', async () => {
    await client.authorize();
    expect(await client.authorize({ redirect_uri: `${redirectUri}/` })).toMatchObject({ status: 400 });
    expect(await client.authorize({ redirect_uri: redirectUri })).toMatchObject({ status: 200 });
  });
});

describe('the token endpoint of X', () => {
  it('gives a pair for a code', async () => {
    const { status, body, headers } = await client.exchange(await client.code());
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      token_type: 'bearer',
      expires_in: 120,
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      scope: standard.scope,
    });
  });

  it('has no refresh_token key at all without offline.access', async () => {
    expect(await client.connect('happy', { scope: 'tweet.read users.read' })).not.toHaveProperty('refresh_token');
    expect(await client.connect('no-refresh-token')).not.toHaveProperty('refresh_token');
  });

  it('takes a code once', async () => {
    const once = await client.code();
    await client.exchange(once);
    expect(await client.exchange(once)).toMatchObject(spentCode);
  });

  it('takes a code for 30 seconds', async () => {
    const [late, later] = [await client.code(), await client.code()];
    await sandbox.control('POST', '/clock', { advance_seconds: 28 });
    expect(await client.exchange(late)).toMatchObject({ status: 200 });
    await sandbox.control('POST', '/clock', { advance_seconds: 3 });
    expect(await client.exchange(later)).toMatchObject(spentCode);
  });

  it('refuses a verifier that does not fit, and a missing one', async () => {
    const mismatch = { status: 400, body: invalid('code verifier did not match the code challenge.') };
    expect(await client.exchange(await client.code(), { code_verifier: `${verifier}x` })).toMatchObject(mismatch);
    expect(await client.exchange(await client.code(), { code_verifier: '' })).toMatchObject(mismatch);
  });

  it('takes the plain challenge and the method in lower case', async () => {
    const plain = { code_challenge: verifier, code_challenge_method: 'plain' };
    expect(await client.connect('happy', plain)).toHaveProperty('access_token');
    expect(await client.connect('happy', { code_challenge_method: 's256' })).toHaveProperty('access_token');
  });

  it('refuses another redirect URI than that of the code', async () => {
    expect(await client.exchange(await client.code(), { redirect_uri: 'http://localhost:3000/other' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });

  it('requires HTTP Basic: no secret in the body, no other secret than the first, no newline behind it', async () => {
    const missing = {
      status: 401,
      body: { error: 'unauthorized_client', error_description: 'Missing valid authorization header' },
    };
    await client.connect();
    const inTheBody = { client_id: standard.client_id, client_secret: 'secret' };
    expect(await client.exchange(await client.code(), inTheBody, {})).toMatchObject(missing);
    expect(await client.exchange(await client.code(), {}, basic('other'))).toMatchObject(missing);
    expect(await client.exchange(await client.code(), {}, basic('secret\n'))).toMatchObject(missing);
    expect(await client.exchange(await client.code(), {}, {})).toMatchObject({
      status: 400,
      body: { error_description: 'Missing required parameter [client_id].' },
    });
  });

  it('refuses a code of another app', async () => {
    expect(await client.exchange(await client.code(), {}, basic('secret', 'client two'))).toMatchObject(spentCode);
  });

  it('requires each parameter once, in a form', async () => {
    const missing = (name: string): object => ({
      status: 400,
      body: { error_description: `Missing required parameter [${name}].` },
    });
    expect(await client.exchange('')).toMatchObject(missing('code'));
    const post = (body: string, type: string): Promise<Answer> =>
      sandbox.call(TOKEN, { method: 'POST', body, headers: { ...basic(), 'content-type': type } });
    expect(await post('grant_type=a&grant_type=b', 'application/x-www-form-urlencoded')).toMatchObject(
      missing('grant_type'),
    );
    expect(await post('{"grant_type":"refresh_token"}', 'application/json')).toMatchObject(missing('grant_type'));
    const password = await sandbox.form(TOKEN, { grant_type: 'password' }, basic());
    expect(password).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
  });
});

describe('rotation at X', () => {
  it('gives a new pair, and the old one is revoked at once', async () => {
    const first = await client.connect();
    const { status, body: second } = await client.refresh(first.refresh_token);
    expect(status).toBe(200);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await me(first.access_token)).toMatchObject(unauthorized);
    expect(await me(second.access_token)).toMatchObject({ status: 200 });
  });

  it('answers a spent refresh token with invalid_request and ends the whole family', async () => {
    const first = await client.connect();
    const { body: second } = await client.refresh(first.refresh_token);
    expect(await client.refresh(first.refresh_token)).toMatchObject(revokedToken);
    expect(await client.refresh(second.refresh_token)).toMatchObject(revokedToken);
    expect(await me(second.access_token)).toMatchObject(unauthorized);
  });

  it('can be configured to leave the family alone, and to give a spent token some grace', async () => {
    const app = { provider: 'x', client_id: standard.client_id };
    await sandbox.control('POST', '/apps', { ...app, family_revocation: false, grace_seconds: 10 });
    const first = await client.connect();
    expect(await client.refresh(first.refresh_token)).toMatchObject({ status: 200 });
    const { status, body: third } = await client.refresh(first.refresh_token);
    expect(status).toBe(200);
    await sandbox.control('POST', '/clock', { advance_seconds: 11 });
    expect(await client.refresh(first.refresh_token)).toMatchObject(revokedToken);
    expect(await client.refresh(third.refresh_token)).toMatchObject({ status: 200 });
  });

  it('lets one of two simultaneous refreshes with the same token win', async () => {
    const { refresh_token: token } = await client.connect();
    const answers = await Promise.all([client.refresh(token), client.refresh(token), client.refresh(token)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
  });

  it('takes no access token for a refresh token, and no token of another app', async () => {
    const { access_token: access, refresh_token: token } = await client.connect();
    expect(await client.refresh(access)).toMatchObject(revokedToken);
    expect(await client.refresh(token, {}, basic('secret', 'client two'))).toMatchObject(revokedToken);
    expect(await client.refresh(token)).toMatchObject({ status: 200 });
  });

  it('ends the first grant when the same person connects the same app again', async () => {
    const [first, other] = [await client.connect(), await client.connect('paula')];
    const second = await client.connect();
    expect(await client.refresh(first.refresh_token)).toMatchObject(revokedToken);
    expect(await client.refresh(second.refresh_token)).toMatchObject({ status: 200 });
    expect(await client.refresh(other.refresh_token)).toMatchObject({ status: 200 });
  });

  it('lets tokens live as long as the app is set to', async () => {
    const lifetimes = { access_ttl_seconds: 60, refresh_ttl_seconds: 300 };
    await sandbox.control('POST', '/apps', { provider: 'x', client_id: standard.client_id, ...lifetimes });
    const tokens = await client.connect();
    expect(tokens.expires_in).toBe(60);
    await sandbox.control('POST', '/clock', { advance_seconds: 61 });
    expect(await me(tokens.access_token)).toMatchObject(unauthorized);
    const { body: renewed } = await client.refresh(tokens.refresh_token);
    await sandbox.control('POST', '/clock', { advance_seconds: 301 });
    expect(await client.refresh(renewed.refresh_token)).toMatchObject(revokedToken);
  });
});

describe('who it is at X', () => {
  it('returns id, name and handle, and more only when requested', async () => {
    const { access_token: token } = await client.connect();
    expect((await me(token)).body).toEqual({
      data: { id: '2244994945', name: 'Hanna Happy', username: 'hanna_happy' },
    });
    const more = await me(token, '?user.fields=profile_image_url,name,username,verified,subscription_type');
    expect(more.body.data).toMatchObject({
      profile_image_url: 'https://sandbox.test/_avatars/happy.svg',
      verified: false,
      subscription_type: 'None',
    });
  });

  it('has ids above 2^53 as text, and handles that are not ASCII', async () => {
    expect((await me((await client.connect('ids-above-2-53')).access_token)).body.data.id).toBe('9007199254740993');
    expect((await me((await client.connect('unicode-handle')).access_token)).body.data.username).toBe('zofie_李');
  });

  it('requires tweet.read and users.read', async () => {
    const { access_token: token } = await client.connect('happy', { scope: 'users.read' });
    expect(await me(token)).toMatchObject({
      status: 403,
      body: { type: expect.stringContaining('not-authorized-for-resource') },
    });
  });

  it('refuses no token and a made-up one', async () => {
    expect(await sandbox.call(ME)).toMatchObject(unauthorized);
    expect(await me('made-up')).toMatchObject(unauthorized);
  });
});

describe('revoking at X', () => {
  const revoke = (token: string, headers = basic()): Promise<Answer> => sandbox.form(REVOKE, { token }, headers);

  it('takes the refresh token and ends the grant', async () => {
    const tokens = await client.connect();
    expect(await revoke(tokens.refresh_token)).toMatchObject({ status: 200, body: { revoked: true } });
    expect(await client.refresh(tokens.refresh_token)).toMatchObject(revokedToken);
    expect(await me(tokens.access_token)).toMatchObject(unauthorized);
  });

  it('takes an access token and ends only that', async () => {
    const tokens = await client.connect();
    await revoke(tokens.access_token);
    expect(await me(tokens.access_token)).toMatchObject(unauthorized);
    expect(await client.refresh(tokens.refresh_token)).toMatchObject({ status: 200 });
  });

  it('requires Basic, and does nothing to the tokens of another app', async () => {
    const tokens = await client.connect();
    expect(await revoke(tokens.refresh_token, basic('other'))).toMatchObject({ status: 401 });
    await revoke(tokens.refresh_token, basic('secret', 'client two'));
    expect(await client.refresh(tokens.refresh_token)).toMatchObject({ status: 200 });
  });
});
