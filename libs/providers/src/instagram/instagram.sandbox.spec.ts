import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';
import { SandboxClient } from '../../../../test/support/sandbox-client.js';

const AUTHORIZE = 'https://www.instagram.com/oauth/authorize';
const CODE = 'https://api.instagram.com/oauth/access_token';
const LONG = 'https://graph.instagram.com/access_token';
const EXTEND = 'https://graph.instagram.com/refresh_access_token';
const ME = 'https://graph.instagram.com/v25.0/me';

const redirectUri = 'https://evergrant.example/v1/oauth/instagram/callback';
const app = { client_id: '990602627938098', client_secret: 'secret' };
const standard = {
  response_type: 'code',
  client_id: app.client_id,
  redirect_uri: redirectUri,
  scope: 'instagram_business_basic,instagram_business_content_publish',
  state: 'the state',
};

let sandbox: TestSandbox;
const client = new SandboxClient(() => sandbox, {
  authorizeUrl: AUTHORIZE,
  tokenUrl: CODE,
  authorize: standard,
  token: app,
  exchange: { redirect_uri: redirectUri },
});
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

const get = (url: string, query: Record<string, string>): Promise<Answer> =>
  sandbox.call(`${url}?${new URLSearchParams(query).toString()}`);
const prolong = (token: string, query: Record<string, string> = {}): Promise<Answer> =>
  get(LONG, { grant_type: 'ig_exchange_token', client_secret: app.client_secret, access_token: token, ...query });
const extend = (token: string): Promise<Answer> => get(EXTEND, { grant_type: 'ig_refresh_token', access_token: token });
const me = (accessToken: string, fields = 'user_id', url = ME): Promise<Answer> =>
  sandbox.call(`${url}?fields=${fields}`, { headers: { authorization: `Bearer ${accessToken}` } });
const short = async (persona = 'happy'): Promise<string> => (await client.connect(persona)).access_token;
const long = async (persona = 'happy'): Promise<string> =>
  (await prolong(await short(persona))).body.access_token as string;
const turn = (seconds: number): Promise<Answer> => sandbox.control('POST', '/clock', { advance_seconds: seconds });
const settings = (more: object): Promise<Answer> =>
  sandbox.control('POST', '/apps', { provider: 'instagram', client_id: app.client_id, ...more });

/** The envelope of api.instagram.com. */
const rejected = (message: unknown): object => ({
  status: 400,
  body: { error_type: 'OAuthException', code: 400, error_message: message },
});
const graph = (code: number, subcode?: number, status = 400): object => ({
  status,
  body: {
    error: { type: 'OAuthException', code, ...(subcode && { error_subcode: subcode }), fbtrace_id: expect.any(String) },
  },
});
const unsupported = graph(100);

describe('the authorize page of Instagram', () => {
  it('goes back with a code, the state and #_ after yes', async () => {
    const target = await client.decided();
    expect(Object.fromEntries(target.searchParams)).toEqual({ code: expect.stringMatching(/^AQ/), state: 'the state' });
    expect(target.hash).toBe('#_');
  });

  it('goes back with an error and its reason after no', async () => {
    const target = await client.decided('happy', 'deny');
    expect(Object.fromEntries(target.searchParams)).toMatchObject({
      error: 'access_denied',
      error_reason: 'user_denied',
      state: 'the state',
    });
    expect(target.hash).toBe('');
  });

  it('takes scopes parted by spaces too, and does not mind what it does not know', async () => {
    const scope = standard.scope.replace(',', ' ');
    expect(
      await client.code({ scope, force_reauth: 'true', code_challenge: 'x', code_challenge_method: 'S256' }),
    ).toMatch(/^AQ/);
  });

  it.each([
    ['the scopes of before 2025', { scope: 'business_basic,business_content_publish' }, 'unknown_scope'],
    ['the scopes of Basic Display', { scope: 'user_profile' }, 'unknown_scope'],
    ['no scope', { scope: undefined }, 'scope'],
    ['another response type', { response_type: 'token' }, 'response_type'],
    ['no app', { client_id: undefined }, 'client_id'],
    ['a refresh token that is not given', { sandbox_user: 'no-refresh-token' }, 'sandbox_user'],
  ])('shows an error page and redirects nobody for %s', async (_what, params, named) => {
    const { status, body, headers } = await client.authorize(params);
    expect(status).toBe(400);
    expect(headers.get('location')).toBeNull();
    expect(body).toContain(named);
  });

  it('wants the redirect URI to the letter', async () => {
    await client.code();
    expect(await client.authorize({ redirect_uri: `${redirectUri}/` })).toMatchObject({ status: 400 });
  });
});

describe('the code exchange of Instagram', () => {
  const raw = async (body: URLSearchParams | FormData | Blob): Promise<string> => {
    const response = await fetch(`${sandbox.url}/${CODE.slice('https://'.length)}`, { method: 'POST', body });
    return response.text();
  };
  const fields = async (): Promise<Record<string, string>> => ({
    ...app,
    grant_type: 'authorization_code',
    redirect_uri: redirectUri,
    code: await client.code(),
  });

  it("answers flat, with the person's id as a number that JSON.parse cannot keep, and no life", async () => {
    const text = await raw(new URLSearchParams(await fields()));
    const digits = /"user_id":(\d{17}),/.exec(text)?.[1];
    expect(JSON.parse(text)).toEqual({
      access_token: expect.stringMatching(/^IGAA[A-Za-z0-9]+$/),
      user_id: expect.any(Number),
      permissions: standard.scope.split(','),
    });
    expect(String(JSON.parse(text).user_id)).not.toBe(digits);
    const { body } = await me(JSON.parse(text).access_token as string, 'id');
    expect(body.id).toBe(digits);
  });

  it('answers in data[] for an app that is set to it, as the documentation has it', async () => {
    await settings({ quirks: ['wrapped-answers'] });
    const { body } = await client.exchange(await client.code());
    expect(body).toEqual({
      data: [
        { access_token: expect.any(String), user_id: expect.stringMatching(/^\d{17}$/), permissions: standard.scope },
      ],
    });
    const [{ access_token: token }] = (body as unknown as { data: [{ access_token: string }] }).data;
    expect((await me(token)).body).toEqual({ data: [{ user_id: expect.any(String), id: expect.any(String) }] });
  });

  it('takes multipart/form-data too', async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(await fields())) form.set(name, value);
    expect(JSON.parse(await raw(form))).toHaveProperty('access_token');
  });

  it('counts a form that cannot be read, or a field that comes twice, as missing', async () => {
    const broken = new Blob(['--b\r\nnonsense'], { type: 'multipart/form-data; boundary=b' });
    expect(JSON.parse(await raw(broken))).toMatchObject({ error_message: expect.stringContaining('grant_type') });
    const form = new FormData();
    for (const [name, value] of Object.entries(await fields())) form.set(name, value);
    form.append('code', 'another');
    expect(JSON.parse(await raw(form))).toMatchObject({ error_message: expect.stringContaining('code') });
  });

  it('takes a code once, within an hour, and not with what hangs behind it', async () => {
    const code = await client.code();
    const noMatch = rejected('Matching code was not found or was already used');
    expect(await client.exchange(`${code}#_`)).toMatchObject(noMatch);
    expect(await client.exchange(code)).toMatchObject({ status: 200 });
    expect(await client.exchange(code)).toMatchObject(noMatch);
    const late = await client.code();
    await turn(3_601);
    expect(await client.exchange(late)).toMatchObject(noMatch);
  });

  it('refuses another redirect URI, a wrong secret, a missing field and another grant type in its own envelope', async () => {
    await client.connect();
    const mismatch = rejected(
      expect.stringMatching(/^Error validating verification code\. Please make sure your redirect_uri is identical/),
    );
    expect(await client.exchange(await client.code(), { redirect_uri: `${redirectUri}/` })).toMatchObject(mismatch);
    expect(await client.exchange(await client.code(), { client_secret: 'other' })).toMatchObject(
      rejected('Error validating client secret.'),
    );
    expect(await client.exchange(await client.code(), { client_id: undefined })).toMatchObject(
      rejected('Invalid platform app'),
    );
    expect(await client.exchange(await client.code(), { redirect_uri: undefined })).toMatchObject(
      rejected(expect.stringContaining('redirect_uri')),
    );
    expect(await client.refresh('any')).toMatchObject(rejected(expect.stringContaining('grant_type')));
  });

  it('takes no HTTP Basic', async () => {
    const authorization = `Basic ${Buffer.from('990602627938098:secret').toString('base64')}`;
    const answer = await client.exchange(
      await client.code(),
      { client_id: undefined, client_secret: undefined },
      { authorization },
    );
    expect(answer).toMatchObject(rejected('Invalid platform app'));
  });
});

describe('long-lived tokens of Instagram', () => {
  it('are traded for short-lived ones, with the secret, as often as wished', async () => {
    const token = await short();
    const answer = await prolong(token);
    expect(answer).toMatchObject({
      status: 200,
      body: { access_token: expect.stringMatching(/^IGAA/), token_type: 'bearer', expires_in: 120 },
    });
    expect((await prolong(token)).body.access_token).not.toBe(answer.body.access_token);
  });

  it('are not given for a wrong secret, a wrong grant type, a long-lived token or one that ended', async () => {
    const token = await short();
    expect(await prolong(token, { client_secret: 'other' })).toMatchObject({
      ...graph(100),
      body: { error: { message: 'Error validating client secret.' } },
    });
    expect(await prolong(token, { grant_type: 'ig_refresh_token' })).toMatchObject(unsupported);
    expect(await prolong(await long())).toMatchObject(unsupported);
    await turn(3_601);
    expect(await prolong(token)).toMatchObject(graph(190, 463));
  });

  it('are extended without a secret; the token before lives on', async () => {
    const first = await long();
    await turn(60);
    const { status, body } = await extend(first);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { access_token: expect.stringMatching(/^IGAA/), token_type: 'bearer', expires_in: 120 },
    });
    expect(body.access_token).not.toBe(first);
    expect(await me(first)).toMatchObject({ status: 200 });
    await turn(61);
    expect(await me(first)).toMatchObject(graph(190, 463));
    expect(await me(body.access_token as string)).toMatchObject({ status: 200 });
  });

  it('stay the same when an app is set to it, and live longer', async () => {
    await settings({ quirks: ['same-token'] });
    const token = await long();
    await turn(100);
    expect((await extend(token)).body).toMatchObject({ access_token: token, expires_in: 120 });
    await turn(100);
    expect(await me(token)).toMatchObject({ status: 200 });
  });

  it('are not extended after their end, nor short-lived ones, nor without the basic permission', async () => {
    expect(await extend(await short())).toMatchObject(unsupported);
    const { body } = await client.exchange(await client.code({ scope: 'instagram_business_content_publish' }));
    expect(await extend((await prolong(body.access_token)).body.access_token as string)).toMatchObject(
      graph(10, undefined, 403),
    );
    const token = await long();
    await turn(121);
    expect(await extend(token)).toMatchObject(graph(190, 463));
    expect(await extend('IGAAmadeup')).toMatchObject(graph(190));
  });

  it('that live for sixty days are not extended on their first day', async () => {
    await settings({ access_ttl_seconds: 5_184_000 });
    const token = await long();
    await turn(86_399);
    expect(await extend(token)).toMatchObject(unsupported);
    await turn(1);
    expect(await extend(token)).toMatchObject({ status: 200, body: { expires_in: 5_184_000 } });
  });

  it('are in the call log as what they are, by fingerprint', async () => {
    const second = (await extend(await long())).body.access_token as string;
    await extend(second);
    await sandbox.control('POST', '/users/happy/revoke', { provider: 'instagram' });
    await extend(second);
    const { body } = await sandbox.control('GET', '/calls?provider=instagram');
    expect(body).toMatchObject([
      {
        endpoint: 'token',
        grant_type: 'authorization_code',
        client_id: app.client_id,
        persona: 'happy',
        outcome: 'ok',
      },
      { endpoint: 'token', grant_type: 'ig_exchange_token', persona: 'happy', outcome: 'ok' },
      { endpoint: 'token', grant_type: 'ig_refresh_token', persona: 'happy', outcome: 'ok' },
      { endpoint: 'token', grant_type: 'ig_refresh_token', outcome: 'ok' },
      { endpoint: 'token', grant_type: 'ig_refresh_token', outcome: 'revoked_grant', error: '190' },
    ]);
    expect(body[4].refresh_token_fingerprint).toBe(body[3].refresh_token_fingerprint);
    expect(body[3].refresh_token_fingerprint).toBe(body[2].issued_refresh_token_fingerprint);
    expect(JSON.stringify(body)).not.toContain(second);
  });

  it('survive a restart', async () => {
    const token = await long();
    await sandbox.restart();
    expect(await extend(token)).toMatchObject({ status: 200 });
  });
});

describe('who it is at Instagram', () => {
  it('tells the fields asked for, and the id always, under two addresses and with the token in the query too', async () => {
    const token = await short();
    const fields = 'user_id,username,name,account_type,profile_picture_url';
    const account = {
      id: expect.stringMatching(/^\d{17}$/),
      user_id: '17841002244994945',
      username: 'hanna_happy',
      name: 'Hanna Happy',
      account_type: 'BUSINESS',
      profile_picture_url: 'https://sandbox.test/_avatars/happy.svg',
    };
    expect(await me(token, fields)).toMatchObject({ status: 200, body: account });
    expect((await me(token, '')).body).toEqual({ id: account.id });
    expect(await me(token, fields, 'https://graph.instagram.com/me')).toMatchObject({ status: 200, body: account });
    expect(await get(ME, { fields, access_token: token })).toMatchObject({ status: 200, body: account });
  });

  it('gives a person another id at another app, and the same professional account', async () => {
    const one = (await me(await short())).body;
    const { body } = await client.exchange(await client.code({ client_id: 'other' }), { client_id: 'other' });
    const two = (await me(body.access_token)).body;
    expect(two.id).not.toBe(one.id);
    expect(two.user_id).toBe(one.user_id);
  });

  it('wants known fields, a token, and one that lives', async () => {
    const token = await short();
    expect(await me(token, 'constructor')).toMatchObject(graph(100));
    expect(await get(ME, { fields: 'id' })).toMatchObject(graph(2500));
    expect(await me('IGAAmadeup')).toMatchObject(graph(190));
  });

  it('lets a person keep a permission back, and says so', async () => {
    expect((await client.connect('partial-consent')).permissions).toEqual(['instagram_business_basic']);
  });

  it('keeps several grants of one person alive', async () => {
    const [first, second] = [await long(), await long()];
    expect([(await me(first)).status, (await me(second)).status]).toEqual([200, 200]);
  });
});

describe('personas at Instagram', () => {
  const loginFirst =
    'Error validating access token: You cannot access the app till you log in to www.instagram.com and follow the instructions given.';

  it.each([
    ['revokes-after-connect', graph(190, 458)],
    ['password-changed', graph(190, 460)],
    ['suspended', graph(25, 2_207_050)],
  ])('%s loses the token after 30 seconds, for good', async (persona, refused) => {
    const token = await long(persona);
    expect(await me(token)).toMatchObject({ status: 200 });
    await turn(31);
    expect(await me(token)).toMatchObject(refused);
    expect(await extend(token)).toMatchObject(refused);
    expect(await me(await long(persona))).toMatchObject({ status: 200 });
  });

  it('checkpoint is told without a subcode, and the same token works again once she has confirmed', async () => {
    await settings({ access_ttl_seconds: 900 });
    const token = await long('checkpoint');
    const stopped = { status: 400, body: { error: { code: 190, message: loginFirst } } };
    await turn(31);
    const { status, body } = await me(token);
    expect({ status, body }).toMatchObject(stopped);
    expect(body.error).not.toHaveProperty('error_subcode');
    expect(await extend(token)).toMatchObject(stopped);
    await turn(300);
    expect(await me(token)).toMatchObject({ status: 200 });
    expect(await extend(token)).toMatchObject({ status: 200 });
  });

  it("who removes the app ends her tokens and nobody else's", async () => {
    const [hers, his] = [await long('paula'), await long('omar')];
    await sandbox.control('POST', '/users/paula/revoke', { provider: 'instagram' });
    expect(await extend(hers)).toMatchObject(graph(190, 458));
    expect(await extend(his)).toMatchObject({ status: 200 });
  });

  it('flaky connects, then every second extension is a server error that changed nothing', async () => {
    const token = await long('flaky');
    expect(await extend(token)).toMatchObject({ ...graph(2, undefined, 500), body: { error: { is_transient: true } } });
    expect(await extend(token)).toMatchObject({ status: 200 });
  });

  it('rate-limited connects, then every second extension is one too many and changed nothing', async () => {
    const token = await long('rate-limited');
    const limited = await extend(token);
    expect(limited).toMatchObject(graph(17));
    expect(limited.headers.get('x-business-use-case-usage')).toContain('"estimated_time_to_regain_access":1');
    expect(await extend(token)).toMatchObject({ status: 200 });
  });

  it('lost-answer has her token extended and loses the answer, and the same token is taken again', async () => {
    const token = await long('lost-answer');
    await expect(extend(token)).rejects.toThrow('fetch failed');
    expect(await extend(token)).toMatchObject({ status: 200 });
  });

  it('short-lived gets 20 seconds, once her token is long-lived', async () => {
    expect((await prolong(await short('short-lived'))).body.expires_in).toBe(20);
  });

  it('ids-above-2-53 and unicode-handle have what they are called', async () => {
    expect((await me(await short('ids-above-2-53'))).body.user_id).toBe('17841199254740993');
    expect((await me(await short('unicode-handle'), 'username')).body.username).toBe('zofie_李');
  });
});

describe('quirks of an app at Instagram', () => {
  it('are shown with it, changed by name, and refused by a name that nobody knows', async () => {
    expect(await settings({ quirks: ['same-token'] })).toMatchObject({ status: 200, body: { quirks: ['same-token'] } });
    expect(await settings({ access_ttl_seconds: 60 })).toMatchObject({ body: { quirks: ['same-token'] } });
    expect(await settings({ quirks: [] })).toMatchObject({ body: { quirks: [] } });
    expect(await settings({ quirks: ['constructor'] })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'quirks' }] },
    });
    const elsewhere = { provider: 'x', client_id: 'any', quirks: ['same-token'] };
    expect(await sandbox.control('POST', '/apps', elsewhere)).toMatchObject({ status: 400 });
  });
});
