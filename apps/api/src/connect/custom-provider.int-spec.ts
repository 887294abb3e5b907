import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerProviders } from '#providers';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

const ENTRY = {
  name: 'acme',
  title: 'Acme',
  authorize: { url: 'https://acme.example/authorize', pkce: true },
  token: { url: 'https://acme.example/token', clientAuthentication: 'client_secret_basic' },
  refresh: { mode: 'rotating_grace', graceSeconds: 30 },
  identity: { url: 'https://acme.example/me', id: 'sub' },
  scopes: { default: ['openid', 'offline_access'] },
};
const APP = { provider: 'acme', name: 'Ours', client_id: 'our-id', client_secret: 'shh' };

let api: TestApi;

beforeAll(async () => {
  registerProviders([ENTRY]);
  api = await openTestApi();
});

afterAll(() => api.close());

const json = async (response: Response) => ({
  status: response.status,
  body: (await response.json()) as Record<string, unknown>,
});

describe('a provider that the operator defined', () => {
  it("can be connected in live, at the operator's addresses", async () => {
    const live = await api.key({ environment: 'live' });
    const app = await json(await api.post('/v1/oauth-apps', live, APP));
    expect(app).toMatchObject({
      status: 201,
      body: {
        provider: 'acme',
        redirect_uri: 'http://localhost:3000/v1/oauth/acme/callback',
        scopes: ENTRY.scopes.default,
      },
    });
    const { body } = await json(await api.call('/v1/oauth/acme/start', { as: live }));
    const url = new URL(String(body.authorize_url));
    expect([url.origin, url.pathname, url.searchParams.get('client_id')]).toEqual([
      'https://acme.example',
      '/authorize',
      'our-id',
    ]);
    expect((await json(await api.call('/v1/accounts?provider=acme', { as: live }))).body).toMatchObject({ total: 0 });
  });

  it('is refused for a test key, both for a new app and for a start', async () => {
    const test = await api.key();
    const refused = {
      status: 400,
      body: {
        code: 'provider.live_only',
        errors: [{ field: 'provider', message: expect.stringContaining('live key') }],
      },
    };
    expect(await json(await api.post('/v1/oauth-apps', test, APP))).toMatchObject(refused);
    expect(await json(await api.call('/v1/oauth/acme/start', { as: test }))).toMatchObject(refused);
  });

  it('is listed in the error for an unknown platform and in the documentation', async () => {
    const wrong = await json(await api.call('/v1/accounts?provider=myspace', { as: await api.key() }));
    expect(wrong).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'provider', message: expect.stringMatching(/^must be one of x, .*, acme$/) }] },
    });
    const document = await (await api.call('/v1/openapi.json')).text();
    expect(document).toContain('"pinterest","acme"]');
  });
});
