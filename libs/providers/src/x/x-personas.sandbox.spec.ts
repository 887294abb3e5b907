import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';
import { SandboxClient } from '../../../../test/support/sandbox-client.js';

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
  authorizeUrl: 'https://x.com/i/oauth2/authorize',
  tokenUrl: 'https://api.x.com/2/oauth2/token',
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
const unauthorized = {
  status: 401,
  body: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' },
};

describe('personas at X', () => {
  const turn = (seconds: number): Promise<Answer> => sandbox.control('POST', '/clock', { advance_seconds: seconds });

  it('short-lived gets 20 seconds', async () => {
    expect((await client.connect('short-lived')).expires_in).toBe(20);
  });

  it('flaky connects, then every second token call is a server error that changed nothing', async () => {
    const { refresh_token: token } = await client.connect('flaky');
    expect(await client.refresh(token)).toMatchObject({ status: 503 });
    const { status, body } = await client.refresh(token);
    expect(status).toBe(200);
    expect(await client.refresh(body.refresh_token)).toMatchObject({ status: 503 });
  });

  it('rate-limited connects, then every second token call is one too many and changed nothing', async () => {
    const { refresh_token: token } = await client.connect('rate-limited');
    const limited = await client.refresh(token);
    expect(limited).toMatchObject({ status: 429, body: { title: 'Too Many Requests' } });
    expect(Number(limited.headers.get('x-rate-limit-reset'))).toBeGreaterThan(Date.now() / 1_000);
    const { status, body } = await client.refresh(token);
    expect(status).toBe(200);
    expect(await client.refresh(body.refresh_token)).toMatchObject({ status: 429 });
  });

  it('wrong-secret is refused like an app with another secret, and no other persona is', async () => {
    const refused = await client.exchange(await client.code({}, 'wrong-secret'));
    await client.connect();
    const other = await client.exchange(await client.code(), {}, basic('other'));
    expect([refused.status, refused.body]).toEqual([401, other.body]);
    expect((await client.exchange(await client.code())).status).toBe(200);
  });

  it('billing-exhausted connects, and 30 seconds later each call with its token finds no credits', async () => {
    const tokens = await client.connect('billing-exhausted');
    expect(await me(tokens.access_token)).toMatchObject({ status: 200 });
    await turn(31);
    expect(await me(tokens.access_token)).toMatchObject({ status: 402, body: { title: 'CreditsDepleted' } });
    expect(await client.refresh(tokens.refresh_token)).toMatchObject({ status: 200 });
  });

  it('lost-answer rotates and loses the answer, so the token that was sent is spent', async () => {
    const { refresh_token: token } = await client.connect('lost-answer');
    await expect(client.refresh(token)).rejects.toThrow('fetch failed');
    expect(await client.refresh(token)).toMatchObject(revokedToken);
  });

  it('revokes-after-connect is valid for 30 seconds', async () => {
    const tokens = await client.connect('revokes-after-connect');
    expect(await me(tokens.access_token)).toMatchObject({ status: 200 });
    await turn(31);
    expect(await me(tokens.access_token)).toMatchObject(unauthorized);
    expect(await client.refresh(tokens.refresh_token)).toMatchObject(revokedToken);
  });

  it('suspended is answered by the API as by X', async () => {
    const tokens = await client.connect('suspended');
    await turn(31);
    expect(await me(tokens.access_token)).toMatchObject({
      status: 403,
      body: { type: expect.stringMatching(/user-suspended$/) },
    });
    expect(await client.refresh(tokens.refresh_token)).toMatchObject(revokedToken);
  });

  it('slow is connected at once and answered 12 seconds later', async () => {
    const answer = client.connect('slow').then(
      () => 'answered',
      () => 'cut by the end of this test',
    );
    const calls = async (): Promise<object[]> => (await sandbox.control('GET', '/calls')).body as object[];
    while ((await calls()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await calls()).toMatchObject([{ outcome: 'ok', delay_ms: 12_000 }]);
    await sandbox.restart();
    expect(await answer).toBe('cut by the end of this test');
  });

  it('a person who removes the app loses all tokens for it, and no other person does', async () => {
    const [removed, kept] = [await client.connect('paula'), await client.connect('omar')];
    const answer = await sandbox.control('POST', '/users/paula/revoke', { provider: 'x' });
    expect(answer).toMatchObject({ status: 200, body: { revoked: 1 } });
    expect(await me(removed.access_token)).toMatchObject(unauthorized);
    expect(await client.refresh(removed.refresh_token)).toMatchObject(revokedToken);
    expect(await me(kept.access_token)).toMatchObject({ status: 200 });
  });

  it('can be configured to remove one app and keep another', async () => {
    const tokens = await client.connect('paula');
    const answer = await sandbox.control('POST', '/users/paula/revoke', { provider: 'x', client_id: 'client two' });
    expect(answer.body).toEqual({ revoked: 0 });
    expect(await me(tokens.access_token)).toMatchObject({ status: 200 });
  });
});

describe('what X granted', () => {
  it('survives a restart: tokens, spent tokens, secrets, settings, revocations and the clock', async () => {
    await sandbox.control('POST', '/apps', { provider: 'x', client_id: standard.client_id, access_ttl_seconds: 900 });
    const [first, left] = [await client.connect(), await client.connect('paula')];
    await sandbox.control('POST', '/users/paula/revoke', { provider: 'x' });
    const { body: second } = await client.refresh(first.refresh_token);
    await sandbox.control('POST', '/clock', { advance_seconds: 600 });
    await sandbox.restart();
    expect(await me(second.access_token)).toMatchObject({ status: 200 });
    expect(await client.refresh(second.refresh_token, {}, basic('other'))).toMatchObject({ status: 401 });
    expect(await client.refresh(left.refresh_token)).toMatchObject(revokedToken);
    const { body: third } = await client.refresh(second.refresh_token);
    expect(third.expires_in).toBe(900);
    await sandbox.restart();
    expect(await client.refresh(second.refresh_token)).toMatchObject(revokedToken);
    expect((await sandbox.control('GET', '/clock')).body.turned_by_seconds).toBe(600);
  });

  it('is all gone after DELETE /_control, over a restart too', async () => {
    const { refresh_token: token } = await client.connect();
    expect(await sandbox.control('DELETE', '')).toMatchObject({ status: 204 });
    await sandbox.restart();
    expect(await client.refresh(token)).toMatchObject(revokedToken);
    expect((await sandbox.control('GET', '/apps')).body).toHaveLength(1);
  });
});

describe('faults at X', () => {
  const plan = (fault: object): Promise<Answer> =>
    sandbox.control('POST', '/faults', { provider: 'x', endpoint: 'token', ...fault });

  it('answer the given number of times instead of the call', async () => {
    const { refresh_token: token } = await client.connect();
    await plan({ times: 2, status: 429, body: { title: 'Too Many Requests' }, headers: { 'x-rate-limit-reset': '1' } });
    const fault = await client.refresh(token);
    expect(fault).toMatchObject({ status: 429, body: { title: 'Too Many Requests' } });
    expect(fault.headers.get('x-rate-limit-reset')).toBe('1');
    expect(await client.refresh(token)).toMatchObject({ status: 429 });
    expect(await client.refresh(token)).toMatchObject({ status: 200 });
  });

  it('cut the connection before the call is carried out, or after', async () => {
    const { refresh_token: token } = await client.connect();
    await plan({ drop: true });
    await expect(client.refresh(token)).rejects.toThrow('fetch failed');
    await plan({ drop: 'after' });
    await expect(client.refresh(token)).rejects.toThrow('fetch failed');
    expect(await client.refresh(token)).toMatchObject(revokedToken);
  });

  it('answer in place of a call that was carried out, as a gateway that loses the answer', async () => {
    const { refresh_token: token } = await client.connect();
    await plan({ status: 502, body: '<html>Bad gateway</html>', when: 'after' });
    expect(await client.refresh(token)).toMatchObject({ status: 502, body: '<html>Bad gateway</html>' });
    const calls = (await sandbox.control('GET', '/calls')).body as object[];
    expect(calls.at(-1)).toMatchObject({ outcome: 'ok', status: 200, answer_replaced: true });
    expect(await client.refresh(token)).toMatchObject(revokedToken);
  });

  it('delay the answer of a call that was carried out at once', async () => {
    const { refresh_token: token } = await client.connect();
    await plan({ delay_ms: 500 });
    const late = client.refresh(token);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const calls = (await sandbox.control('GET', '/calls')).body as object[];
    expect(calls.at(-1)).toMatchObject({ outcome: 'ok', delay_ms: 500 });
    expect(await late).toMatchObject({ status: 200 });
  });

  it('hit the endpoint they were planned for, until they are taken back', async () => {
    const { access_token: token } = await client.connect();
    await plan({ endpoint: 'identity', status: 500, times: 9 });
    expect(await me(token)).toMatchObject({ status: 500 });
    await sandbox.control('DELETE', '/faults');
    expect(await me(token)).toMatchObject({ status: 200 });
  });
});

describe('the call log', () => {
  it('lists each token call with its outcome, and no token', async () => {
    const { refresh_token: token, access_token: access } = await client.connect();
    await me(access);
    await client.refresh(token);
    await client.refresh(token);
    const { body } = await sandbox.control('GET', '/calls?provider=x');
    expect(body).toMatchObject([
      { seq: 2, endpoint: 'token', grant_type: 'authorization_code', persona: 'happy', outcome: 'ok', status: 200 },
      { seq: 4, grant_type: 'refresh_token', client_id: standard.client_id, outcome: 'ok', status: 200 },
      { seq: 5, outcome: 'spent_token', status: 400, error: 'invalid_request' },
    ]);
    expect(body[1].refresh_token_fingerprint).toBe(body[2].refresh_token_fingerprint);
    expect(body[0].issued_refresh_token_fingerprint).toBe(body[1].refresh_token_fingerprint);
    expect(JSON.stringify(body)).not.toContain(token);
    expect((await sandbox.control('GET', '/calls?since=4')).body).toHaveLength(1);
    expect((await sandbox.control('GET', `/calls?since=${body[0].at}`)).body).toHaveLength(2);
    expect((await sandbox.control('GET', '/calls?endpoint=identity')).body).toHaveLength(1);
    expect((await sandbox.control('GET', '/calls?endpoint=all')).body).toHaveLength(5);
    await sandbox.restart();
    expect((await sandbox.control('GET', '/calls?provider=x')).body).toEqual(body);
  });
});
