import { describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import { authorizeUrl } from '../oauth/authorize-url.js';
import { facebook } from './facebook.provider.js';

const app = { clientId: '1234567890', clientSecret: new Secret('s3cr+t') };
const redirectUri = 'https://evergrant.example/v1/oauth/facebook/callback';
const tokens = { app, accessToken: new Secret('EAAtoken'), refreshToken: null };
const graph = 'https://graph.facebook.com/v25.0';
const bearer = { authorization: 'Bearer EAAtoken' };

describe('Facebook', () => {
  it('requests consent at the dialog of its version, scopes parted by commas, without PKCE', () => {
    const url = authorizeUrl(facebook, {
      clientId: app.clientId,
      redirectUri,
      scopes: facebook.scopes.default,
      state: new Secret('state'),
      verifier: new Secret('verifier'),
    });
    expect(url).toBe(
      'https://www.facebook.com/v25.0/dialog/oauth?response_type=code&client_id=1234567890' +
        `&redirect_uri=${encodeURIComponent(redirectUri)}` +
        '&scope=business_management%2Cpages_show_list%2Cpages_read_engagement%2Cpages_manage_posts&state=state',
    );
  });

  it('gets a code with the secret in the form, and never a verifier', () => {
    const exchange = facebook.token.exchange({
      app,
      code: new Secret('code'),
      redirectUri,
      verifier: new Secret('verifier'),
    });
    expect(exchange.reveal()).toEqual({
      method: 'POST',
      url: `${graph}/oauth/access_token`,
      headers: {},
      form: {
        grant_type: 'authorization_code',
        code: 'code',
        redirect_uri: redirectUri,
        client_id: app.clientId,
        client_secret: 's3cr+t',
      },
    });
  });

  it('trades the first token, and later the long-lived one itself, for another sixty days', () => {
    const expected = {
      method: 'POST',
      url: `${graph}/oauth/access_token`,
      headers: {},
      form: {
        grant_type: 'fb_exchange_token',
        fb_exchange_token: 'EAAtoken',
        client_id: app.clientId,
        client_secret: 's3cr+t',
      },
    };
    expect(facebook.token.prolong?.(tokens).reveal()).toEqual(expected);
    expect(facebook.refresh.request(tokens).reveal()).toEqual(expected);
    expect([facebook.refresh.mode, facebook.token.defaultLife]).toEqual(['extend_self', 60 * 86_400]);
  });

  it('may leave out how long a token is valid', () => {
    expect(facebook.token.read({ access_token: 'EAA', token_type: 'bearer' })).toMatchObject({
      expiresIn: null,
      refreshToken: null,
      scopes: null,
    });
    expect(facebook.token.read({ access_token: 'EAA', token_type: 'bearer', expires_in: 5_183_944 })).toMatchObject({
      expiresIn: 5_183_944,
    });
  });

  it('removes the app from the person with their token', () => {
    expect(facebook.revoke?.(tokens).reveal()).toEqual({
      method: 'DELETE',
      url: `${graph}/me/permissions`,
      headers: bearer,
    });
  });

  it('returns the identity of a person and, in the same call, the granted permissions', () => {
    expect(facebook.identity.request(tokens.accessToken, []).reveal()).toEqual({
      method: 'GET',
      url: `${graph}/me?fields=id,name,permissions`,
      headers: bearer,
    });
    const permissions = {
      data: [
        { permission: 'public_profile', status: 'granted' },
        { permission: 'pages_show_list', status: 'granted' },
        { permission: 'pages_manage_posts', status: 'declined' },
        { permission: 'business_management', status: 'expired' },
      ],
    };
    expect(facebook.identity.read({ id: '10158000000000001', name: 'Ada', permissions })).toEqual({
      platformUserId: '10158000000000001',
      platformAccountId: '10158000000000001',
      handle: null,
      displayName: 'Ada',
      avatarUrl: null,
      scopes: ['public_profile', 'pages_show_list'],
    });
    expect(facebook.identity.read({ id: '1' })).not.toHaveProperty('scopes');
  });

  it.each([undefined, null, {}, { id: '' }, { id: 10.5 }, { error: { code: 190 } }])(
    'returns no identity for %j',
    (json) => {
      expect(facebook.identity.read(json)).toBeUndefined();
    },
  );
});

describe('the Pages of a person at Facebook', () => {
  const page = {
    id: '1',
    name: 'Bakery',
    username: 'bakery',
    access_token: 'EAApage',
    tasks: ['CREATE_CONTENT'],
    picture: { data: { url: 'https://p' } },
  };
  const only = (over: object) => facebook.profiles!.read({ data: [{ ...page, ...over }] })!.profiles[0]!;

  it('requests Pages a hundred at a time, after the cursor', () => {
    const first = new URL(facebook.profiles!.request(tokens.accessToken, null, 100).reveal().url);
    expect(first.origin + first.pathname).toBe(`${graph}/me/accounts`);
    expect(Object.fromEntries(first.searchParams)).toEqual({
      fields: 'id,name,username,access_token,category,tasks,picture.type(large)',
      limit: '100',
    });
    const second = facebook.profiles!.request(tokens.accessToken, 'MTA=', 25).reveal();
    expect(Object.fromEntries(new URL(second.url).searchParams)).toMatchObject({ after: 'MTA=', limit: '25' });
    expect(second.headers).toEqual(bearer);
  });

  it('come each with a token, a handle and a picture', () => {
    const profile = only({});
    expect(profile).toMatchObject({
      platformAccountId: '1',
      handle: 'bakery',
      displayName: 'Bakery',
      avatarUrl: 'https://p',
      ineligible: null,
    });
    expect(profile.accessToken?.reveal()).toBe('EAApage');
  });

  it.each([
    ['no username', { username: undefined }, { handle: null, ineligible: null }],
    ['no picture', { picture: undefined }, { avatarUrl: null, ineligible: null }],
    ['tasks that are not returned', { tasks: undefined }, { ineligible: null }],
    ['the task under its new name', { tasks: ['PROFILE_PLUS_CREATE_CONTENT'] }, { ineligible: null }],
    ['other tasks only', { tasks: ['ADVERTISE', 'ANALYZE'] }, { ineligible: 'task_missing' }],
    ['no token', { access_token: undefined }, { ineligible: 'task_missing', accessToken: null }],
  ])('may come with %s', (_what, over, expected) => {
    expect(only(over)).toMatchObject(expected);
  });

  it('continue if there is a next page, and not because there is a cursor', () => {
    const paging = { cursors: { before: 'a', after: 'b' } };
    expect(
      facebook.profiles!.read({ data: [page], paging: { ...paging, next: 'https://graph.facebook.com/…' } })?.after,
    ).toBe('b');
    expect(facebook.profiles!.read({ data: [page], paging })).toMatchObject({ after: null });
    expect(facebook.profiles!.read({ data: [page], paging })).not.toHaveProperty('cutOff');
    expect(facebook.profiles!.read({ data: [] })).toEqual({ profiles: [], after: null });
  });

  it('continue at the URL of the next page if there is no cursor, without the token in that URL', () => {
    const next =
      'https://graph.facebook.com/v25.0/77/accounts?access_token=EAAtoken&limit=1000&offset=100&__paging_token=q%3D';
    const { after } = facebook.profiles!.read({ data: [page], paging: { next } })!;
    const { url } = facebook.profiles!.request(tokens.accessToken, after, 5).reveal();
    expect(new URL(url).pathname).toBe('/v25.0/me/accounts');
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      offset: '100',
      __paging_token: 'q=',
      limit: '5',
      fields: expect.any(String),
    });
  });

  it.each([
    'https://evil.example/me/accounts?after=b',
    'http://graph.facebook.com/me/accounts?after=b',
    'next',
    7,
    { url: 'x' },
  ])('marks the list as cut off where the next page is at %j, which is not requested', (next) => {
    expect(facebook.profiles!.read({ data: [page], paging: { next } })).toMatchObject({ after: null, cutOff: true });
  });

  it('marks the list as cut off where it cannot be read whether there are more', () => {
    expect(facebook.profiles!.read({ data: [page], paging: 'none' })).toMatchObject({ after: null, cutOff: true });
  });

  it.each([{ id: '' }, { id: 1.5 }, { id: null }, { id: undefined }])(
    'gets an empty id where %j stands for it',
    (over) => {
      expect(only(over)).toMatchObject({ platformAccountId: '', displayName: 'Bakery' });
    },
  );

  const isTooMuch = (status: number, error: object) =>
    facebook.profiles!.isTooMuch!({ status, headers: {}, body: Buffer.from(JSON.stringify({ error })) });

  it.each([
    [500, { message: "Please reduce the amount of data you're asking for, then retry your request", code: 1 }],
    [200, { message: "Please reduce the amount of data you're asking for, then retry your request", code: 1 }],
    [400, { message: '(#100) Please reduce the amount of data', code: 100 }],
    [500, { message: 'An unknown error occurred', code: 1 }],
    [500, { message: 'An unknown error has occurred.', type: 'OAuthException', code: 1, error_subcode: 99 }],
    [500, { code: 1 }],
    [400, { message: '(#18) This API call could not be completed due to resource limits', code: 18 }],
    [400, { message: 'The response is too large', code: 100 }],
    [400, { message: "(#100) The 'limit' parameter should not exceed 100", code: 100 }],
    [503, { message: 'Too much data was requested. Reduce the limit.', code: 2 }],
  ])('requests fewer Pages at a time where the platform answers %i with %j', (status, error) => {
    expect(isTooMuch(status, error)).toBe(true);
  });

  it.each([
    [503, { message: 'Service temporarily unavailable', code: 2 }],
    [400, { message: 'Error validating client secret.', code: 1 }],
    [400, { message: 'Application request limit reached', code: 4 }],
    [400, { message: 'User request limit reached', code: 17 }],
    [400, { message: 'x', code: 190 }],
    [400, {}],
  ])('requests as many Pages as before where the platform answers %i with %j', (status, error) => {
    expect(isTooMuch(status, error)).toBe(false);
  });

  it.each([[7], [null], ['4711'], [[]], [{}]])('reads an entry that is no Page, %j, as one without an id', (entry) => {
    expect(facebook.profiles!.read({ data: [entry] })?.profiles).toMatchObject([{ platformAccountId: '' }]);
  });

  it.each([undefined, {}, { data: null }, { data: {} }, { data: '' }, { error: { code: 190 } }])(
    'reads no Pages out of %j',
    (json) => {
      expect(facebook.profiles!.read(json)).toBeUndefined();
    },
  );
});

describe('a probe at Facebook', () => {
  const inspected = (data: object) =>
    facebook.probe.read({ data: { app_id: app.clientId, type: 'PAGE', profile_id: '1', is_valid: true, ...data } });

  it("inspects the token with the app's own id and secret", () => {
    const { url, method } = facebook.probe.request({ ...tokens, scopes: [], platformAccountId: '1' }).reveal();
    expect([method, new URL(url).pathname]).toEqual(['GET', '/v25.0/debug_token']);
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({
      input_token: 'EAAtoken',
      access_token: '1234567890|s3cr+t',
    });
  });

  it('reads the scopes, and the day after which only the person can help', () => {
    expect(inspected({ expires_at: 0, data_access_expires_at: 1_576_687_825, scopes: ['pages_show_list'] })).toEqual({
      ok: true,
      scopes: ['pages_show_list'],
      reauthDueAt: new Date('2019-12-18T16:50:25Z'),
    });
    expect(inspected({ data_access_expires_at: 0 })).toEqual({ ok: true });
  });

  it.each([
    ['every Page', [{ scope: 'pages_manage_posts' }], true],
    ['this Page among others', [{ scope: 'pages_manage_posts', target_ids: ['2', '1'] }], true],
    ['another Page only', [{ scope: 'pages_manage_posts', target_ids: ['2'] }], false],
    ['no Page', [{ scope: 'pages_show_list', target_ids: [] }], false],
    ['a business, which is no Page', [{ scope: 'business_management', target_ids: ['77'] }], true],
  ])('sees a scope that was given for %s', (_what, granular, ok) => {
    const reading = inspected({ granular_scopes: granular });
    expect(reading).toMatchObject(ok ? { ok } : { ok, failure: { class: 'permission', reason: 'not_granted' } });
  });

  it("does not look for Pages behind a person's token", () => {
    expect(
      inspected({ profile_id: undefined, granular_scopes: [{ scope: 'pages_manage_posts', target_ids: ['2'] }] }),
    ).toEqual({ ok: true });
  });

  it.each([undefined, {}, { data: {} }, { data: { is_valid: 'yes' } }])('reads nothing out of %j', (json) => {
    expect(facebook.probe.read(json)).toBeUndefined();
  });
});
