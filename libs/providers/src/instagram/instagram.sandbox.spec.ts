import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  APP,
  AUTHORIZE_REQUEST,
  CODE_URL,
  graphError,
  InstagramClient,
  ME_URL,
  REDIRECT_URI,
  rejected,
} from '../../../../test/support/instagram-client.js';
import { TestSandbox } from '../../../../test/support/sandbox.js';

let sandbox: TestSandbox;
const client = new InstagramClient(() => sandbox);
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

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

  it('takes scopes parted by spaces too, and ignores unknown ones', async () => {
    const scope = AUTHORIZE_REQUEST.scope.replace(',', ' ');
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
  ])('shows an error page and redirects no browser for %s', async (_what, params, named) => {
    const { status, body, headers } = await client.authorize(params);
    expect(status).toBe(400);
    expect(headers.get('location')).toBeNull();
    expect(body).toContain(named);
  });

  it('requires the exact redirect URI', async () => {
    await client.code();
    expect(await client.authorize({ redirect_uri: `${REDIRECT_URI}/` })).toMatchObject({ status: 400 });
  });
});

describe('the code exchange of Instagram', () => {
  const raw = async (body: URLSearchParams | FormData | Blob): Promise<string> => {
    const response = await fetch(`${sandbox.url}/${CODE_URL.slice('https://'.length)}`, { method: 'POST', body });
    return response.text();
  };
  const fields = async (): Promise<Record<string, string>> => ({
    ...APP,
    grant_type: 'authorization_code',
    redirect_uri: REDIRECT_URI,
    code: await client.code(),
  });

  it("answers flat, with the person's id as a number that JSON.parse cannot keep, and no life", async () => {
    const text = await raw(new URLSearchParams(await fields()));
    const digits = /"user_id":(\d{17}),/.exec(text)?.[1];
    expect(JSON.parse(text)).toEqual({
      access_token: expect.stringMatching(/^IGAA[A-Za-z0-9]+$/),
      user_id: expect.any(Number),
      permissions: AUTHORIZE_REQUEST.scope.split(','),
    });
    expect(String(JSON.parse(text).user_id)).not.toBe(digits);
    const { body } = await client.me(JSON.parse(text).access_token as string, 'id');
    expect(body.id).toBe(digits);
  });

  it('answers in data[] for an app that is set to it, as the documentation has it', async () => {
    await client.settings({ quirks: ['wrapped-answers'] });
    const { body } = await client.exchange(await client.code());
    expect(body).toEqual({
      data: [
        {
          access_token: expect.any(String),
          user_id: expect.stringMatching(/^\d{17}$/),
          permissions: AUTHORIZE_REQUEST.scope,
        },
      ],
    });
    const [{ access_token: token }] = (body as unknown as { data: [{ access_token: string }] }).data;
    expect((await client.me(token)).body).toEqual({ data: [{ user_id: expect.any(String), id: expect.any(String) }] });
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
    await client.advance(3_601);
    expect(await client.exchange(late)).toMatchObject(noMatch);
  });

  it('refuses another redirect URI, a wrong secret, a missing field and another grant type in its own envelope', async () => {
    await client.connect();
    const mismatch = rejected(
      expect.stringMatching(/^Error validating verification code\. Please make sure your redirect_uri is identical/),
    );
    expect(await client.exchange(await client.code(), { redirect_uri: `${REDIRECT_URI}/` })).toMatchObject(mismatch);
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

describe('who it is at Instagram', () => {
  it('returns the requested fields, and the id always, under two addresses and with the token in the query too', async () => {
    const token = await client.shortLived();
    const fields = 'user_id,username,name,account_type,profile_picture_url';
    const account = {
      id: expect.stringMatching(/^\d{17}$/),
      user_id: '17841002244994945',
      username: 'hanna_happy',
      name: 'Hanna Happy',
      account_type: 'BUSINESS',
      profile_picture_url: 'https://sandbox.test/_avatars/happy.svg',
    };
    expect(await client.me(token, fields)).toMatchObject({ status: 200, body: account });
    expect((await client.me(token, '')).body).toEqual({ id: account.id });
    expect(await client.me(token, fields, 'https://graph.instagram.com/me')).toMatchObject({
      status: 200,
      body: account,
    });
    expect(await client.get(ME_URL, { fields, access_token: token })).toMatchObject({ status: 200, body: account });
  });

  it('gives a person another id at another app, and the same professional account', async () => {
    const one = (await client.me(await client.shortLived())).body;
    const { body } = await client.exchange(await client.code({ client_id: 'other' }), { client_id: 'other' });
    const two = (await client.me(body.access_token)).body;
    expect(two.id).not.toBe(one.id);
    expect(two.user_id).toBe(one.user_id);
  });

  it('requires known fields and a valid token', async () => {
    const token = await client.shortLived();
    expect(await client.me(token, 'constructor')).toMatchObject(graphError(100));
    expect(await client.get(ME_URL, { fields: 'id' })).toMatchObject(graphError(2500));
    expect(await client.me('IGAAmadeup')).toMatchObject(graphError(190));
  });

  it('lets a person withhold a permission, and reports it', async () => {
    expect((await client.connect('partial-consent')).permissions).toEqual(['instagram_business_basic']);
  });

  it('keeps several grants of one person valid', async () => {
    const [first, second] = [await client.longLived(), await client.longLived()];
    expect([(await client.me(first)).status, (await client.me(second)).status]).toEqual([200, 200]);
  });
});

describe('quirks of an app at Instagram', () => {
  it('shows faults, changes them by name, and refuses an unknown name', async () => {
    expect(await client.settings({ quirks: ['same-token'] })).toMatchObject({
      status: 200,
      body: { quirks: ['same-token'] },
    });
    expect(await client.settings({ access_ttl_seconds: 60 })).toMatchObject({ body: { quirks: ['same-token'] } });
    expect(await client.settings({ quirks: [] })).toMatchObject({ body: { quirks: [] } });
    expect(await client.settings({ quirks: ['constructor'] })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'quirks' }] },
    });
    const elsewhere = { provider: 'x', client_id: 'any', quirks: ['same-token'] };
    expect(await sandbox.control('POST', '/apps', elsewhere)).toMatchObject({ status: 400 });
  });
});
