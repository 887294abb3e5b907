import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi, RETURN_URL, type Started } from '../../../../test/support/connected-api.js';

let connected: ConnectedApi;
let id: string;

beforeAll(async () => {
  connected = await ConnectedApi.open();
  id = await connected.connect('x', 'happy', '?user_ref=user-42');
});

afterAll(() => connected.close());

const reauth = (body?: object) => connected.post<Started>(`/v1/accounts/${id}/reauth`, body);
const attempt = async ({ state }: Started) => (await connected.get(`/v1/oauth/attempts/${state}`)).body;

describe('a reauth', () => {
  it('binds the new tokens to the same id, and adds no account', async () => {
    const { status, body } = await reauth({ return_url: RETURN_URL });
    expect([status, Object.keys(body).sort()]).toEqual([200, ['authorize_url', 'expires_at', 'state']]);
    expect((await connected.consent(body.authorize_url)).href).toBe(`${RETURN_URL}?connected=x`);
    expect(await attempt(body)).toMatchObject({ status: 'completed', account_ids: [id] });
    expect((await connected.get('/v1/accounts')).body).toMatchObject({
      total: 1,
      items: [{ id, metadata: { user_ref: 'user-42' } }],
    });
  });

  it('works without a body', async () => {
    const response = await connected.api.call(`/v1/accounts/${id}/reauth`, { as: connected.key, method: 'POST' });
    expect(response.status).toBe(200);
  });

  it('changes nothing when another person signs in', async () => {
    const before = (await connected.get(`/v1/accounts/${id}`)).body;
    const { body } = await reauth({ return_url: RETURN_URL });
    expect((await connected.consent(body.authorize_url, 'unicode-handle')).href).toBe(
      `${RETURN_URL}?oauth_error=account_mismatch`,
    );
    expect(await attempt(body)).toMatchObject({ status: 'failed', error: 'account_mismatch', account_ids: [] });
    expect((await connected.get(`/v1/accounts/${id}`)).body).toEqual(before);
    expect((await connected.get('/v1/accounts')).body).toMatchObject({ total: 1 });
  });

  it('requests the scopes of the body', async () => {
    const { body } = await reauth({ scopes: ['users.read', 'tweet.read'] });
    expect(new URL(body.authorize_url).searchParams.get('scope')).toBe('users.read tweet.read');
  });

  it.each([
    [400, 'return_url.not_allowed', { return_url: 'https://evil.example/' }],
    [400, 'scopes.invalid', { scopes: ['a b'] }],
    [400, 'validation.failed', { user_ref: 'another person' }],
    [400, 'validation.failed', { scopes: 'users.read' }],
  ])('is refused with %i %s for %j', async (status, code, body) => {
    expect(await connected.post(`/v1/accounts/${id}/reauth`, body)).toMatchObject({ status, body: { code } });
  });

  it('requires oauth:write, and an account of this tenant that is not disconnected', async () => {
    const { api } = connected;
    const path = `/v1/accounts/${id}/reauth`;
    expect((await api.post(path, await api.key({ scopes: ['accounts:write'] }), {})).status).toBe(403);
    expect((await api.post(path, await api.key({ workspace: 'stranger' }), {})).status).toBe(404);
    expect((await connected.post('/v1/accounts/acc_zz/reauth')).status).toBe(404);
    const other = await connected.connect('tiktok');
    expect((await api.call(`/v1/accounts/${other}`, { as: connected.key, method: 'DELETE' })).status).toBe(204);
    expect(await connected.post(`/v1/accounts/${other}/reauth`)).toMatchObject({
      status: 404,
      body: { code: 'account.not_found' },
    });
  });
});
