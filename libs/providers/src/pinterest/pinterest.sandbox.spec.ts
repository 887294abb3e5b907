import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';
import { SandboxClient } from '../../../../test/support/sandbox-client.js';

const AUTHORIZE = 'https://www.pinterest.com/oauth/';
const TOKEN = 'https://api.pinterest.com/v5/oauth/token';
const ME = 'https://api.pinterest.com/v5/user_account';

const redirectUri = 'https://connect.example.com/v1/oauth/pinterest/callback';
const standard = {
  response_type: 'code',
  client_id: '1478549',
  redirect_uri: redirectUri,
  scope: 'user_accounts:read,boards:read,pins:read',
  state: 'the state',
};
const basic = (secret = 'secret', id = standard.client_id): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

let sandbox: TestSandbox;
const client = new SandboxClient(() => sandbox, {
  authorizeUrl: AUTHORIZE,
  tokenUrl: TOKEN,
  authorize: standard,
  token: { continuous_refresh: 'true' },
  exchange: { redirect_uri: redirectUri },
  headers: basic(),
});
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const me = (accessToken: string): Promise<Answer> =>
  sandbox.call(ME, { headers: { authorization: `Bearer ${accessToken}` } });
const unauthenticated = { status: 401, body: { code: 2, message: 'Authentication failed.' } };
const invalidGrant = { status: 401, body: { code: 283, message: 'The authorization grant is invalid' } };

describe('the authorize page of Pinterest', () => {
  it('goes back with a code and the state after yes, and with access_denied after no', async () => {
    expect([...(await client.decided()).searchParams.keys()]).toEqual(['code', 'state']);
    expect((await client.decided('happy', 'deny')).search).toBe('?error=access_denied&state=the+state');
  });

  it.each([
    ['scopes with spaces', { scope: 'boards:read pins:read' }, 'boards:read pins:read'],
    ['a scope that Pinterest does not have', { scope: 'tweet.read' }, 'tweet.read'],
    ['a missing client id', { client_id: undefined }, 'client_id'],
    ['a missing redirect URI', { redirect_uri: undefined }, 'redirect_uri'],
    ['another response type', { response_type: 'token' }, 'response_type'],
    ['an unknown persona', { sandbox_user: 'checkpoint', sandbox_decision: 'approve' }, 'sandbox_user'],
  ])('shows an error page and redirects no browser for %s', async (_what, params, named) => {
    const { status, body, headers } = await client.authorize(params);
    expect([status, headers.get('location')]).toEqual([400, null]);
    expect(body).toContain(named);
  });

  it('takes only the redirect URI that the app came with first, to the letter', async () => {
    await client.authorize();
    expect(await client.authorize({ redirect_uri: `${redirectUri}/` })).toMatchObject({ status: 400 });
  });
});

describe('the token endpoint of Pinterest', () => {
  it('gives a pair for a code, with the end of both', async () => {
    const { status, body } = await client.exchange(await client.code());
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.stringMatching(/^pina_/),
      refresh_token: expect.stringMatching(/^pinr\./),
      response_type: 'authorization_code',
      token_type: 'bearer',
      expires_in: 120,
      refresh_token_expires_in: 5_184_000,
      refresh_token_expires_at: expect.any(Number),
      scope: 'user_accounts:read boards:read pins:read',
    });
  });

  it('requires HTTP Basic with the secret that the app came with first, and none in the form', async () => {
    await client.connect();
    const inTheForm = { client_id: standard.client_id, client_secret: 'secret' };
    expect(await client.exchange(await client.code(), inTheForm, {})).toMatchObject(unauthenticated);
    expect(await client.exchange(await client.code(), {}, basic('other'))).toMatchObject(unauthenticated);
    expect(await client.exchange(await client.code(), {}, basic('secret\n'))).toMatchObject(unauthenticated);
  });

  it('takes a code once, in time, for its redirect URI and its app', async () => {
    const [once, late] = [await client.code(), await client.code()];
    await client.exchange(once);
    expect(await client.exchange(once)).toMatchObject(invalidGrant);
    expect(
      await client.exchange(await client.code(), { redirect_uri: 'https://connect.example.com/other' }),
    ).toMatchObject(invalidGrant);
    expect(await client.exchange(await client.code(), {}, basic('secret', '2'))).toMatchObject(invalidGrant);
    await sandbox.control('POST', '/clock', { advance_seconds: 601 });
    expect(await client.exchange(late)).toMatchObject(invalidGrant);
  });

  it('reports what is missing', async () => {
    expect(await client.exchange('')).toMatchObject({ status: 400, body: { code: 1 } });
    expect(await sandbox.form(TOKEN, { grant_type: 'password' }, basic())).toMatchObject({
      status: 400,
      body: { code: 1 },
    });
  });

  it('gives another pair for a refresh token, with another sixty days, and takes each once', async () => {
    const first = await client.connect();
    const { status, body: second } = await client.refresh(first.refresh_token);
    expect([status, second.response_type, second.refresh_token_expires_in]).toEqual([200, 'refresh_token', 5_184_000]);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await client.refresh(first.refresh_token)).toMatchObject(invalidGrant);
    expect(await client.refresh(second.refresh_token)).toMatchObject({ status: 200 });
  });

  it('fails for flaky people, and reports it as its own failure', async () => {
    const { refresh_token: token } = await client.connect('flaky');
    expect(await client.refresh(token)).toMatchObject({ status: 500 });
    expect(await client.refresh(token)).toMatchObject({ status: 200 });
  });
});

describe('a limit of Pinterest', () => {
  it('is identified by its number, and passes', async () => {
    const { refresh_token: token } = await client.connect('rate-limited');
    const { status, body, headers } = await client.refresh(token);
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 8, '20']);
    expect(await client.refresh(token)).toMatchObject({ status: 200 });
  });
});

describe('who it is at Pinterest', () => {
  it('is returned with an id that is a text, a handle, a name and a picture', async () => {
    const { access_token: token } = await client.connect('ids-above-2-53');
    expect((await me(token)).body).toMatchObject({
      id: '9007199254740993',
      username: 'bigna_number',
      business_name: 'Bigna Number',
    });
  });

  it('is returned only with user_accounts:read; otherwise the answer is a missing permission, not a revoked token', async () => {
    const { access_token: token } = await client.connect('happy', { scope: 'boards:read' });
    expect(await me(token)).toMatchObject({ status: 401, body: { code: 3 } });
  });

  it('is refused for a token that is invented, ended, or of a person who removed the app', async () => {
    const [left, late] = [await client.connect('paula'), await client.connect()];
    expect(await sandbox.call(ME)).toMatchObject(unauthenticated);
    expect(await me('made-up')).toMatchObject(unauthenticated);
    await sandbox.control('POST', '/users/paula/revoke', { provider: 'pinterest' });
    expect(await me(left.access_token)).toMatchObject(unauthenticated);
    expect(await client.refresh(left.refresh_token)).toMatchObject(invalidGrant);
    await sandbox.control('POST', '/clock', { advance_seconds: 121 });
    expect(await me(late.access_token)).toMatchObject(unauthenticated);
  });
});
