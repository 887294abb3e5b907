import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';
import { SandboxClient } from '../../../../test/support/sandbox-client.js';

const AUTHORIZE = 'https://www.tiktok.com/v2/auth/authorize/';
const TOKEN = 'https://open.tiktokapis.com/v2/oauth/token/';
const REVOKE = 'https://open.tiktokapis.com/v2/oauth/revoke/';
const USER_INFO = 'https://open.tiktokapis.com/v2/user/info/';

const verifier = 'a-verifier-of-more-than-forty-three-characters-0123456789';
const hex = createHash('sha256').update(verifier).digest('hex');
const base64url = createHash('sha256').update(verifier).digest('base64url');
const loopback = 'http://localhost:3000/v1/oauth/tiktok/callback';
const web = 'https://evergrant.example/v1/oauth/tiktok/callback';
const app = { client_key: 'awkey', client_secret: 'secret' };
const standard = {
  response_type: 'code',
  client_key: app.client_key,
  redirect_uri: loopback,
  scope: 'user.info.basic,user.info.profile,video.publish',
  state: 'the state',
  code_challenge: hex,
  code_challenge_method: 'S256',
};

let sandbox: TestSandbox;
const client = new SandboxClient(() => sandbox, {
  authorizeUrl: AUTHORIZE,
  tokenUrl: TOKEN,
  authorize: standard,
  token: app,
  exchange: { redirect_uri: loopback, code_verifier: verifier },
});
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const userInfo = (accessToken: string, fields = 'open_id'): Promise<Answer> =>
  sandbox.call(`${USER_INFO}?fields=${fields}`, { headers: { authorization: `Bearer ${accessToken}` } });
/** TikTok reports an error only in the body; the status is 200. */
const refused = (error: string, description: unknown = expect.any(String)): object => ({
  status: 200,
  body: { error, error_description: description, log_id: expect.stringMatching(/^\d{14}[0-9A-F]{18}$/) },
});
const revokedAccess = { status: 401, body: { data: {}, error: { code: 'access_token_invalid' } } };

describe('the authorize page of TikTok', () => {
  it('goes back with code, granted scopes and state after yes', async () => {
    const { searchParams: answer } = await client.decided();
    expect(Object.fromEntries(answer)).toEqual({
      code: expect.stringMatching(/\*3!5032\.va$/),
      scopes: standard.scope,
      state: 'the state',
    });
  });

  it('goes back with an error and the state after no', async () => {
    const { searchParams } = await client.decided('happy', 'deny');
    expect(Object.fromEntries(searchParams)).toMatchObject({ error: 'access_denied', state: 'the state' });
  });

  it.each([
    ['client_id where TikTok has client_key', { client_key: undefined, client_id: 'awkey' }, 'client_key'],
    ['scopes parted by spaces', { scope: 'user.info.basic video.publish' }, 'unknown_scope'],
    ['a loopback redirect URI without a challenge', { code_challenge: undefined }, 'code_challenge'],
    ['the plain challenge', { code_challenge_method: 'plain' }, 'code_challenge_method'],
    ['a loopback redirect URI without a port', { redirect_uri: 'http://localhost/callback' }, 'redirect_uri'],
    ['a web redirect URI without https', { redirect_uri: 'http://evergrant.example/callback' }, 'redirect_uri'],
    ['a redirect URI with a query', { redirect_uri: `${loopback}?a=b` }, 'redirect_uri'],
    ['a redirect URI of 512 characters', { redirect_uri: `${web}/${'x'.repeat(512)}` }, 'redirect_uri'],
    [
      'a refresh token that is not given, which is unknown to TikTok',
      { sandbox_user: 'no-refresh-token' },
      'sandbox_user',
    ],
  ])('shows an error page and redirects no browser for %s', async (_what, params, named) => {
    const { status, body, headers } = await client.authorize(params);
    expect(status).toBe(400);
    expect(headers.get('location')).toBeNull();
    expect(body).toContain(named);
  });

  it('is served with its trailing slash only', async () => {
    expect(await sandbox.call(AUTHORIZE.slice(0, -1))).toMatchObject({ status: 404 });
    expect(await sandbox.form(TOKEN.slice(0, -1), app)).toMatchObject({ status: 404 });
  });
});

describe('the token endpoint of TikTok', () => {
  it('gives a flat answer with both lifetimes, the open id and scopes parted by commas', async () => {
    expect(await client.exchange(await client.code())).toMatchObject({ status: 200 });
    expect(await client.connect()).toEqual({
      access_token: expect.stringMatching(/^act\./),
      expires_in: 120,
      open_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      refresh_expires_in: 180 * 86_400,
      refresh_token: expect.stringMatching(/^rft\./),
      scope: standard.scope,
      token_type: 'Bearer',
    });
  });

  it('requires the challenge in hex on loopback: base64url is refused at the exchange', async () => {
    const wrong = await client.code({ code_challenge: base64url });
    expect(await client.exchange(wrong)).toMatchObject(
      refused('invalid_request', 'Code verifier or code challenge is invalid.'),
    );
    const upper = await client.code({ code_challenge: hex.toUpperCase() });
    expect(await client.exchange(upper)).toMatchObject(
      refused('invalid_request', 'Code verifier or code challenge is invalid.'),
    );
    expect(await client.exchange(await client.code(), { code_verifier: undefined })).toMatchObject(
      refused('invalid_request'),
    );
  });

  it('needs no challenge from a web app, and takes both ways of writing one', async () => {
    for (const challenge of [undefined, hex, base64url]) {
      await sandbox.control('DELETE', '');
      const given = await client.code({ redirect_uri: web, code_challenge: challenge });
      expect((await client.exchange(given, { redirect_uri: web })).body).toHaveProperty('access_token');
    }
  });

  it('takes a code once, and for five minutes', async () => {
    const [once, late] = [await client.code(), await client.code()];
    await client.exchange(once);
    expect(await client.exchange(once)).toMatchObject(refused('invalid_grant', 'Authorization code is expired.'));
    await sandbox.control('POST', '/clock', { advance_seconds: 301 });
    expect(await client.exchange(late)).toMatchObject(refused('invalid_grant', 'Authorization code is expired.'));
  });

  it('requires the decoded code', async () => {
    const asInTheAddress = (await client.code()).replace('!', '%21');
    expect(await client.exchange(asInTheAddress)).toMatchObject(
      refused('invalid_grant', 'Authorization code is invalid.'),
    );
  });

  it('refuses another redirect URI, another secret, a missing key and another grant type', async () => {
    await client.connect();
    const mismatch = refused('invalid_request', 'Redirect_uri is not matched with the uri when requesting code.');
    expect(await client.exchange(await client.code(), { redirect_uri: `${loopback}/` })).toMatchObject(mismatch);
    expect(await client.exchange(await client.code(), { client_secret: 'other' })).toMatchObject(
      refused('invalid_client'),
    );
    const otherName = { client_key: undefined, client_id: 'awkey' };
    expect(await client.exchange(await client.code(), otherName)).toMatchObject(refused('invalid_request'));
    expect(await client.exchange(await client.code(), { grant_type: 'password' })).toMatchObject(
      refused('unsupported_grant_type'),
    );
  });

  it('takes no HTTP Basic', async () => {
    const authorization = `Basic ${Buffer.from('awkey:secret').toString('base64')}`;
    const fields = { client_key: undefined, client_secret: undefined };
    expect(await client.exchange(await client.code(), fields, { authorization })).toMatchObject(
      refused('invalid_request'),
    );
  });
});

describe('refreshing at TikTok', () => {
  it('rotates: the old refresh token is revoked, the old access token stays valid, the family too', async () => {
    const first = await client.connect();
    const { body: second } = await client.refresh(first.refresh_token);
    expect(await client.refresh(first.refresh_token)).toMatchObject(
      refused('invalid_grant', 'Refresh token is invalid or expired.'),
    );
    expect(await userInfo(first.access_token)).toMatchObject({ status: 200 });
    expect((await client.refresh(second.refresh_token)).body).toHaveProperty('refresh_token');
  });

  it('keeps several grants of one person valid', async () => {
    const [first, second] = [await client.connect(), await client.connect()];
    expect((await client.refresh(first.refresh_token)).body).toHaveProperty('access_token');
    expect((await client.refresh(second.refresh_token)).body).toHaveProperty('access_token');
  });
});

describe('who it is at TikTok', () => {
  it('returns the requested fields, each when its scope was granted', async () => {
    const { access_token: token, open_id: openId } = await client.connect();
    expect(await userInfo(token, 'open_id,union_id,avatar_url,display_name,username')).toMatchObject({
      status: 200,
      body: {
        data: { user: { open_id: openId, display_name: 'Hanna Happy', username: 'hanna_happy' } },
        error: { code: 'ok', message: '' },
      },
    });
    const { access_token: less } = await client.connect('happy', { scope: 'user.info.basic' });
    expect(await userInfo(less, 'open_id,username')).toMatchObject({
      status: 401,
      body: { error: { code: 'scope_not_authorized' } },
    });
  });

  it('gives a person another open id at another app, and the same union id', async () => {
    const one = await userInfo((await client.connect()).access_token, 'open_id,union_id');
    const { body } = await client.exchange(await client.code({ client_key: 'other' }), { client_key: 'other' });
    const two = await userInfo(body.access_token, 'open_id,union_id');
    expect(two.body.data.user.open_id).not.toBe(one.body.data.user.open_id);
    expect(two.body.data.user.union_id).toBe(one.body.data.user.union_id);
  });

  it('requires known fields and a valid token', async () => {
    const { access_token: token } = await client.connect();
    expect(await userInfo(token, '')).toMatchObject({ status: 400, body: { error: { code: 'invalid_params' } } });
    expect(await userInfo(token, 'constructor')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_params' } },
    });
    expect(await userInfo('act.made-up')).toMatchObject(revokedAccess);
    await sandbox.control('POST', '/clock', { advance_seconds: 121 });
    expect(await userInfo(token)).toMatchObject(revokedAccess);
  });

  it('lets a person withhold a permission, and reports it at both places', async () => {
    const { searchParams: answer } = await client.decided('partial-consent');
    expect(answer.get('scopes')).toBe('user.info.basic,user.info.profile');
    expect((await client.exchange(answer.get('code')!)).body.scope).toBe('user.info.basic,user.info.profile');
  });
});

describe('a banned person at TikTok', () => {
  it('is answered to revoked tokens only', async () => {
    const tokens = await client.connect('suspended');
    expect(await userInfo(tokens.access_token)).toMatchObject({ status: 200 });
    await sandbox.control('POST', '/clock', { advance_seconds: 31 });
    expect(await userInfo(tokens.access_token)).toMatchObject(revokedAccess);
    expect(await client.refresh(tokens.refresh_token)).toMatchObject(refused('invalid_grant'));
  });
});

describe('revoking at TikTok', () => {
  it('takes the access token and ends the grant', async () => {
    const tokens = await client.connect();
    expect(await sandbox.form(REVOKE, { ...app, token: tokens.access_token })).toMatchObject({ status: 200, body: {} });
    expect(await userInfo(tokens.access_token)).toMatchObject(revokedAccess);
    expect(await client.refresh(tokens.refresh_token)).toMatchObject(refused('invalid_grant'));
  });

  it('requires the secret of the app', async () => {
    const tokens = await client.connect();
    expect(await sandbox.form(REVOKE, { client_key: 'awkey', token: tokens.access_token })).toMatchObject(
      refused('invalid_request'),
    );
    expect(await userInfo(tokens.access_token)).toMatchObject({ status: 200 });
  });
});
