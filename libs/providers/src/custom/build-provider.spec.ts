import { describe, expect, it } from '@jest/globals';
import { hours } from '#config';
import { Secret } from '#observability';
import { authorizeUrl } from '../oauth/authorize-url.js';
import { readIdentityAnswer, readProbeAnswer, readTokenAnswer } from '../oauth/read-answer.js';
import { buildProvider } from './build-provider.js';
import { readDefinitions } from './read-definitions.js';

const entry = {
  name: 'acme',
  title: 'Acme',
  authorize: {
    url: 'https://acme.example/authorize',
    pkce: true,
    scopeSeparator: ',',
    parameters: { prompt: 'consent' },
  },
  token: { url: 'https://acme.example/token', clientAuthentication: 'client_secret_basic', defaultLifeSeconds: 3_600 },
  revoke: { url: 'https://acme.example/revoke' },
  refresh: { mode: 'rotating_grace', graceSeconds: 30 },
  identity: {
    url: 'https://acme.example/me',
    id: 'data.id',
    handle: 'data.login',
    name: 'data.name',
    avatar: 'data.picture',
  },
  scopes: { default: ['read', 'write'], required: ['read'] },
  probe: { everySeconds: 3_600 },
};
const made = (changes: object = {}) => buildProvider(readDefinitions([{ ...entry, ...changes }], [])[0]!);

const acme = made();
const app = { clientId: 'the-id', clientSecret: new Secret('the-secret') };
const tokens = { app, accessToken: new Secret('the-access'), refreshToken: new Secret('the-refresh') };
const verifier = new Secret('the-verifier');
const basic = `Basic ${Buffer.from('the-id:the-secret').toString('base64')}`;

describe('a provider of the operator', () => {
  it("sends people to its own page with the operator's parameters", () => {
    const url = new URL(
      authorizeUrl(acme, {
        clientId: 'the-id',
        redirectUri: 'https://us.example/cb',
        scopes: ['read', 'write'],
        state: new Secret('the-state'),
        verifier,
      }),
    );
    expect(url.href).toContain('https://acme.example/authorize?');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      ...{
        response_type: 'code',
        client_id: 'the-id',
        redirect_uri: 'https://us.example/cb',
        scope: 'read,write',
        state: 'the-state',
      },
      ...{ prompt: 'consent', code_challenge_method: 'S256', code_challenge: expect.stringMatching(/^[\w-]{43}$/) },
    });
  });

  it('sends no challenge where the operator declares no PKCE', () => {
    expect(
      made({ authorize: { ...entry.authorize, pkce: false } }).authorize.pkce('https://us.example/cb'),
    ).toBeUndefined();
  });

  it('exchanges, refreshes and revokes by the standards, with the secret in the header', () => {
    const requests = [
      acme.token.exchange({ app, code: new Secret('the-code'), redirectUri: 'https://us.example/cb', verifier }),
      acme.refresh.request(tokens),
      acme.revoke!(tokens),
    ];
    expect(requests.map((request) => request.reveal())).toMatchObject([
      {
        url: 'https://acme.example/token',
        headers: { authorization: basic },
        form: { grant_type: 'authorization_code', code: 'the-code', code_verifier: 'the-verifier' },
      },
      {
        url: 'https://acme.example/token',
        headers: { authorization: basic },
        form: { grant_type: 'refresh_token', refresh_token: 'the-refresh' },
      },
      { url: 'https://acme.example/revoke', headers: { authorization: basic }, form: { token: 'the-refresh' } },
    ]);
  });

  it("puts the secret into the body where the operator's definition requires it", () => {
    const posting = made({ token: { ...entry.token, clientAuthentication: 'client_secret_post' } });
    expect(posting.refresh.request(tokens).reveal()).toMatchObject({
      headers: {},
      form: { client_id: 'the-id', client_secret: 'the-secret' },
    });
  });

  it('revokes the access token where there is no other, and nothing where there is no such call', () => {
    expect(acme.revoke!({ ...tokens, refreshToken: null }).reveal().form).toMatchObject({ token: 'the-access' });
    expect(made({ revoke: undefined })).not.toHaveProperty('revoke');
  });

  it('has the refresh mode, the grace, the life and the pace that the operator gives it, and is live only', () => {
    expect(acme).toMatchObject({
      refresh: { mode: 'rotating_grace', grace: 30 },
      token: { defaultLife: 3_600 },
      probe: { every: hours(1) },
      liveOnly: true,
    });
    expect(made({ refresh: { mode: 'static' } }).refresh).not.toHaveProperty('grace');
  });

  it('reads a person out of the fields that the operator names', () => {
    const json = { data: { id: 42, login: 'ada', name: 'Ada', picture: 'https://acme.example/ada.png' } };
    expect(acme.identity.read(json)).toEqual({
      platformUserId: '42',
      platformAccountId: '42',
      handle: 'ada',
      displayName: 'Ada',
      avatarUrl: 'https://acme.example/ada.png',
    });
    expect(acme.identity.read({ data: { id: '7', login: '' } })).toMatchObject({
      platformUserId: '7',
      handle: null,
      displayName: null,
    });
  });

  it.each([{}, { data: null }, { data: { id: '' } }, { data: { id: 2 ** 53 } }, { data: { id: {} } }, [], null, 'id'])(
    'finds no person in %j',
    (json) => {
      expect(acme.identity.read(json)).toBeUndefined();
    },
  );

  it('finds no person in inherited properties', () => {
    expect(made({ identity: { ...entry.identity, id: 'constructor.name' } }).identity.read({})).toBeUndefined();
  });
});

const token = (status: number, body: string, headers: Record<string, string> = {}) =>
  readTokenAnswer(acme, { status, headers, body: Buffer.from(body) });
const failed = (failure: object) => ({ ok: false, failure });

describe('the answer of its token endpoint', () => {
  it.each([
    [400, '{"error":"invalid_grant"}', { class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' }],
    [401, '{"error":"invalid_client"}', { class: 'app', reason: 'app_misconfigured', code: 'invalid_client' }],
    [400, '{"error":"unauthorized_client"}', { class: 'app', reason: 'app_misconfigured' }],
    [400, '{"error":"invalid_request"}', { class: 'temporary' }],
    [400, '{"error":"invalid_scope"}', { class: 'temporary' }],
    [400, '{"error":"__proto__"}', { class: 'temporary' }],
    [403, '<html>', { class: 'temporary' }],
    [200, '', { class: 'temporary' }],
    [200, '{"access_token":42}', { class: 'temporary' }],
    [408, '{"error":"invalid_grant"}', { class: 'temporary' }],
    [425, '{"error":"invalid_grant"}', { class: 'temporary' }],
    [429, '{"error":"invalid_grant"}', { class: 'temporary', reason: 'rate_limited' }],
    [503, '{"error":"invalid_grant"}', { class: 'temporary', reason: 'provider_unavailable' }],
  ])('%i %s is %j', (status, body, failure) => {
    expect(token(status, body)).toMatchObject(failed(failure));
  });

  it.each([429, 503])('waits as long as a %i requests', (status) => {
    expect(token(status, '', { 'retry-after': '90' })).toMatchObject(failed({ class: 'temporary', retryAfter: 90 }));
  });
});

describe("the operator's definition of the error codes of a server", () => {
  const errors = { bad_refresh_token: 'permanent', app_disabled: 'app', locked: 'owner', 7: 'temporary' };
  const spoken = made({ errors });
  const at = (status: number, body: object) => ({ status, headers: {}, body: Buffer.from(JSON.stringify(body)) });

  it.each<[number, object, object]>([
    [200, { error: 'bad_refresh_token' }, { class: 'permanent', reason: 'grant_revoked', code: 'bad_refresh_token' }],
    [400, { error: { code: 'app_disabled' } }, { class: 'app', reason: 'app_misconfigured' }],
    [403, { error: 'locked' }, { class: 'owner' }],
    [400, { code: 7 }, { class: 'temporary', reason: 'provider_unavailable', code: '7' }],
    [503, { error: 'bad_refresh_token' }, { class: 'temporary', code: 'http_503' }],
    [429, { error: 'bad_refresh_token' }, { class: 'temporary', reason: 'rate_limited' }],
  ])('decides at both endpoints what %i %j means', (status, body, failure) => {
    expect(readTokenAnswer(spoken, at(status, body))).toMatchObject({ ok: false, failure });
    expect(readIdentityAnswer(spoken, at(status, body))).toMatchObject(failed(failure));
  });

  it('leaves every other word to the standards', () => {
    expect(readTokenAnswer(spoken, at(400, { error: 'invalid_grant' }))).toMatchObject(failed({ class: 'permanent' }));
    expect(readTokenAnswer(spoken, at(400, { error: 'constructor' }))).toMatchObject({ unlisted: 'words' });
  });
});

const person = (status: number, body: string, headers: Record<string, string> = {}) =>
  [readIdentityAnswer, readProbeAnswer].map((read) => read(acme, { status, headers, body: Buffer.from(body) }));

describe('the API of a provider of the operator', () => {
  const apiOf = (url: string, changes: object = {}) => made({ api: { url }, ...changes }).api!;

  it.each([
    ['https://acme.example/api', 'https://acme.example/api/'],
    ['https://acme.example/api//', 'https://acme.example/api/'],
    ['https://ACME.example:443/a/../api/', 'https://acme.example/api/'],
    ['https://acme.example/%2e%2e/api/./', 'https://acme.example/api/'],
    ['https://acme.example', 'https://acme.example/'],
    ['http://127.0.0.1:80/', 'http://127.0.0.1/'],
  ])('has its URL in one form: %s', (url, normal) => {
    expect(apiOf(url).url).toBe(normal);
  });

  it.each([
    'https://user@acme.example/api/',
    'https://user:secret@acme.example/',
    'https://acme.example/?a',
    'https://acme.example/#a',
    'http://acme.example/',
    'https://acme.example\\@evil.example/',
    '//acme.example/',
  ])('has no URL such as %s', (url) => {
    expect(() => apiOf(url)).toThrow('api.url: ');
  });

  const paths = {
    token: { ...entry.token, url: 'https://acme.example/api/Tokens' },
    revoke: { url: 'https://acme.example/api/x/end' },
  };
  const denies = (path: string): boolean | undefined =>
    apiOf('https://acme.example/api/', paths).isDenied?.({ method: 'POST', path, query: [] });

  it.each(['Tokens', 'tokens', 'TOKENS/', 'tokens/new', 'tokens;a=1', 'x/end', 'X;b/End', 'x/end/'])(
    'takes no call of a client at its token or revocation endpoint: %s',
    (path) => {
      expect(denies(path)).toBe(true);
    },
  );

  it.each(['', 'token', 'tokens2', 'x', 'x/ended', 'a/tokens'])('takes calls beside these endpoints: %s', (path) => {
    expect(denies(path)).toBe(false);
  });

  it('takes every path where the endpoints are on another host', () => {
    expect(
      apiOf('https://api.acme.example/api/', paths).isDenied?.({ method: 'POST', path: 'Tokens', query: [] }),
    ).toBe(false);
  });
});

describe('the answer of its API', () => {
  it('takes an answer with a person for life', () => {
    expect(person(200, '{"data":{"id":"1"}}')).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it.each<[number, string, Record<string, string>, object]>([
    [
      401,
      '',
      { 'www-authenticate': 'Bearer realm="acme", error="invalid_token", error_description="ended"' },
      { class: 'permanent', reason: 'grant_revoked', code: 'invalid_token' },
    ],
    [401, '{"error":"invalid_token"}', {}, { class: 'permanent', code: 'invalid_token' }],
    [200, '{"error":"invalid_token"}', {}, { class: 'permanent', code: 'invalid_token' }],
    [
      403,
      '',
      { 'www-authenticate': 'Bearer error="insufficient_scope"' },
      { class: 'permission', reason: 'scope_missing' },
    ],
    [401, '', {}, { class: 'temporary' }],
    [401, '', { 'www-authenticate': 'Basic realm="a proxy"' }, { class: 'temporary' }],
    [400, '{"error":"invalid_token"}', {}, { class: 'temporary' }],
    [429, '{"error":"invalid_token"}', {}, { class: 'temporary', reason: 'rate_limited' }],
    [502, '{"error":"invalid_token"}', {}, { class: 'temporary' }],
    [200, '{"data":{}}', {}, { class: 'temporary' }],
  ])('%i %s with %j is %j', (status, body, headers, failure) => {
    expect(person(status, body, headers)).toMatchObject([failed(failure), failed(failure)]);
  });
});
