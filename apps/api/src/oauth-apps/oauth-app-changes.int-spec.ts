import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DueGrants, TOKEN_EXCHANGE, type TokenExchange } from '#accounts';
import { until } from '../../../../test/support/backend.js';
import { ConnectedApi, RETURN_URL } from '../../../../test/support/connected-api.js';
import type { OAuthAppView, UpdateOAuthAppBody } from './oauth-app.schema.js';

let connected: ConnectedApi;

beforeAll(async () => {
  connected = await ConnectedApi.open();
});

afterAll(() => connected.close());

type Answered = { status: number; body: OAuthAppView & { code: string } };

async function change(id: string, body: object, as = connected.key): Promise<Answered> {
  const headers = { 'content-type': 'application/json' };
  const response = await connected.api.call(`/v1/oauth-apps/${id}`, {
    as,
    method: 'PATCH',
    headers,
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(text).not.toContain('shh');
  return { status: response.status, body: JSON.parse(text) as Answered['body'] };
}

async function remove(id: string, query = '', as = connected.key): Promise<{ status: number; code?: string }> {
  const response = await connected.api.call(`/v1/oauth-apps/${id}${query}`, { as, method: 'DELETE' });
  const text = await response.text();
  return { status: response.status, ...(text !== '' && { code: (JSON.parse(text) as { code: string }).code }) };
}

const read = async (id: string): Promise<OAuthAppView> =>
  (await connected.get<OAuthAppView>(`/v1/oauth-apps/${id}`)).body;
const defaultOf = async (provider: string): Promise<string[]> =>
  (await connected.get<OAuthAppView[]>(`/v1/oauth-apps?provider=${provider}`)).body
    .filter((app) => app.is_default)
    .map(({ id }) => id);
const account = async (id: string) => (await connected.get(`/v1/accounts/${id}`)).body;

/** What a worker does in its next round. */
async function work(): Promise<void> {
  const { app } = connected.api;
  for (const id of await app.get(DueGrants, { strict: false }).execute({ perApp: 100, all: 100 }))
    await app.get<TokenExchange>(TOKEN_EXCHANGE, { strict: false }).refresh(id);
}

/** A value for every field but the secret, which cannot be read. */
const CHANGES = {
  name: 'New',
  allowed_return_urls: ['https://app.example.com/other'],
  scopes: ['users.read'],
  is_default: true,
  completion: 'confirm',
} satisfies Record<Exclude<keyof UpdateOAuthAppBody, 'client_secret'>, unknown>;

describe('a change of an app', () => {
  it.each(Object.entries(CHANGES))('stores its %s', async (field, value) => {
    const [first] = await defaultOf('x');
    const id = await connected.app('x', { client_id: `for-${field}` });
    const after = { ...(await read(id)), [field]: value };
    expect(after).not.toEqual(await read(id));
    expect(await change(id, { [field]: value })).toEqual({ status: 200, body: after });
    expect(await read(id)).toEqual(after);
    await change(first!, { is_default: true });
    expect(await remove(id)).toEqual({ status: 204 });
  });

  it('touches what it names only', async () => {
    const [id] = await defaultOf('x');
    const before = await read(id!);
    expect(await change(id!, {})).toEqual({ status: 200, body: before });
    const changes = { name: 'New', scopes: ['users.read'], allowed_return_urls: ['https://app.example.com'] };
    const after = { ...before, ...changes, allowed_return_urls: ['https://app.example.com/'] };
    expect(await change(id!, changes)).toEqual({ status: 200, body: after });
    expect((await connected.get('/v1/oauth/x/start?return_url=https://app.example.com/any')).status).toBe(200);
    await change(id!, { scopes: before.scopes, allowed_return_urls: [RETURN_URL] });
  });

  it('stores equal entries and equal scopes once', async () => {
    const [id] = await defaultOf('x');
    const before = await read(id!);
    const urls = ['https://app.example.com/a', 'HTTPS://APP.example.com:443/a', 'https://app.example.com/b'];
    const { body } = await change(id!, {
      allowed_return_urls: urls,
      scopes: ['users.read', 'tweet.read', 'users.read'],
    });
    expect([body.allowed_return_urls, body.scopes]).toEqual([
      [urls[0], urls[2]],
      ['users.read', 'tweet.read'],
    ]);
    await change(id!, { scopes: before.scopes, allowed_return_urls: [RETURN_URL] });
  });

  it.each([
    ['a wildcard', { allowed_return_urls: [RETURN_URL, 'https://*.example.com/'] }, 'allowed_return_urls.1'],
    ['an overlong dot', { allowed_return_urls: ['https://app.example.com/%c0%ae'] }, 'allowed_return_urls.0'],
    ['a scope with an ampersand', { scopes: ['users.read', 'a&b'] }, 'scopes'],
  ])('is refused with %s, by the place of it', async (_what, body, field) => {
    const [id] = await defaultOf('x');
    expect(await change(id!, body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  it('moves the default to another app, and cannot remove it', async () => {
    const [first] = await defaultOf('x');
    const second = await connected.app('x', { client_id: 'second' });
    expect((await change(second, { is_default: true })).body.is_default).toBe(true);
    expect(await defaultOf('x')).toEqual([second]);
    expect(await change(second, { is_default: false })).toMatchObject({
      status: 400,
      body: { code: 'validation.failed' },
    });
    await change(first!, { is_default: true });
    expect(await defaultOf('x')).toEqual([first]);
    expect(await remove(second)).toEqual({ status: 204 });
  });

  it('sends the new secret to the platform after the response; a valid one clears misconfigured and continues waiting refreshes', async () => {
    const [app] = await defaultOf('tiktok');
    const id = await connected.connect('tiktok');
    await connected.pass(61);
    expect((await change(app!, { client_secret: ' wrong ' })).body.status).toBe('active');
    await until(
      () => read(app!),
      ({ status }) => status === 'misconfigured',
    );
    expect(await connected.post(`/v1/accounts/${id}/refresh`)).toMatchObject({
      status: 503,
      body: { code: 'oauth_app.paused' },
    });
    expect((await change(app!, { name: 'Still wrong' })).body.status).toBe('misconfigured');

    expect((await change(app!, { client_secret: 'shh' })).body.status).toBe('misconfigured');
    await until(
      () => read(app!),
      ({ status }) => status === 'active',
    );
    expect(await account(id)).toMatchObject({ health: 'active', last_refreshed_at: expect.any(String) });
    const { rows } = await connected.pool.query(
      `select payload ->> 'status' as status from outbox where type = 'oauth_app.status_changed' order by id`,
    );
    expect(rows).toEqual([{ status: 'misconfigured' }, { status: 'active' }]);
  });

  it.each([
    ['client_id', { client_id: 'another' }],
    ['provider', { provider: 'x' }],
    ['client_secret', { client_secret: '' }],
    ['name', { name: 'a'.repeat(121) }],
    ['completion', { completion: 'later' }],
    ['scopes', { scopes: ['a b'] }],
    ['allowed_return_urls.0', { allowed_return_urls: ['http://evil.example/'] }],
  ])('is refused for its %s', async (field, body) => {
    const [id] = await defaultOf('x');
    const before = await read(id!);
    expect(await change(id!, body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect(await read(id!)).toEqual(before);
  });

  it('is for a credential of this tenant with apps:write, as is deleting it', async () => {
    const { api } = connected;
    const [id] = await defaultOf('x');
    const reader = await api.key({ scopes: ['apps:read'] });
    const stranger = await api.key({ workspace: 'stranger' });
    expect([
      (await change(id!, {}, reader)).status,
      (await change(id!, {}, stranger)).status,
      (await change('oa_zz', {})).status,
    ]).toEqual([403, 404, 404]);
    expect([(await remove(id!, '', reader)).status, (await remove(id!, '?force=true', stranger)).status]).toEqual([
      403, 404,
    ]);
    expect(await defaultOf('x')).toEqual([id]);
  });
});

describe('an app that is deleted', () => {
  it('is removed with its open attempts, and the oldest other app becomes the default', async () => {
    const [first] = await defaultOf('x');
    const newer = await connected.app('x', { client_id: 'newer', is_default: true });
    const started = await connected.get<{ state: string }>('/v1/oauth/x/start');
    expect(await defaultOf('x')).toEqual([newer]);
    expect(await remove(newer)).toEqual({ status: 204 });
    expect(await remove(newer)).toEqual({ status: 404, code: 'oauth_app.not_found' });
    expect((await connected.get(`/v1/oauth/attempts/${started.body.state}`)).status).toBe(404);
    expect(await defaultOf('x')).toEqual([first]);
  });

  it('must not have accounts, except with force', async () => {
    const [app] = await defaultOf('x');
    const id = await connected.connect('x');
    for (const query of ['', '?force=false'])
      expect(await remove(app!, query)).toEqual({ status: 409, code: 'oauth_app.in_use' });
    expect(await remove(app!, '?force=yes')).toEqual({ status: 400, code: 'validation.failed' });
    expect(await account(id)).toMatchObject({ oauth_app_id: app, next_refresh_at: expect.any(String) });
  });

  it('leaves accounts without a refresh; their tokens are valid until they expire', async () => {
    const [app] = await defaultOf('x');
    const id = await connected.connect('x');
    expect(await remove(app!, '?force=true')).toEqual({ status: 204 });
    await work();
    expect(await account(id)).toMatchObject({
      oauth_app_id: null,
      next_refresh_at: null,
      health: 'expiring',
      health_reason: 'token_unrefreshable',
    });
    expect(await connected.post(`/v1/accounts/${id}/refresh`)).toMatchObject({
      status: 409,
      body: { code: 'account.not_refreshable' },
    });
    expect(await connected.post(`/v1/accounts/${id}/reauth`)).toMatchObject({
      status: 400,
      body: { code: 'oauth_app.missing' },
    });
    await connected.pass(3 * 3_600);
    await work();
    expect(await account(id)).toMatchObject({ health: 'needs_reauth', health_reason: 'token_unrefreshable' });
  });

  it('does not count accounts that were disconnected', async () => {
    const app = await connected.app('x', { client_id: 'last' });
    const id = await connected.connect('x', 'unicode-handle');
    await connected.api.call(`/v1/accounts/${id}`, { as: connected.key, method: 'DELETE' });
    expect(await remove(app)).toEqual({ status: 204 });
    expect(await account(id)).toMatchObject({ health: 'disconnected', oauth_app_id: null });
  });
});
