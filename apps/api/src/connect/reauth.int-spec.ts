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

describe('a reauth link', () => {
  const WEEK = 7 * 24 * 3_600;
  const link = (expires_in: unknown = WEEK, more: object = {}) =>
    connected.post<Started>(`/v1/accounts/${id}/reauth`, { expires_in, ...more });
  const pathOf = ({ body }: { body: Started }): string => new URL(body.authorize_url).pathname;
  const open = (path: string): Promise<Response> => connected.api.call(path, { headers: { accept: 'text/html' } });
  /** As a browser sends a form without fields. */
  const click = (path: string): Promise<Response> =>
    connected.api.call(path, {
      method: 'POST',
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    });
  const expectEnded = async (path: string): Promise<void> => {
    for (const response of [await open(path), await click(path)])
      expect([response.status, await response.text()]).toEqual([410, expect.stringContaining('This link has ended')]);
  };

  it('is an address of the service with an end and no state', async () => {
    const { status, body } = await link();
    expect([status, body]).toEqual([
      200,
      { authorize_url: expect.stringMatching(/\/reauth\/[\w-]{43}$/), state: null, expires_at: expect.any(String) },
    ]);
    expect((Date.parse(body.expires_at) - Date.now()) / 1_000).toBeGreaterThan(WEEK - 60);
  });

  it('starts nothing when it is fetched, however often, and shows the account', async () => {
    const path = pathOf(await link());
    const count = async (): Promise<unknown> =>
      (await connected.pool.query('select count(*)::int as attempts from connect_attempts')).rows;
    const before = await count();
    for (let fetched = 0; fetched < 3; fetched += 1) {
      const response = await open(path);
      expect(await response.text()).toMatch(/Connect this account again[\s\S]*<button>Continue to X<\/button>/);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('content-security-policy')).toContain("form-action 'self' http:");
    }
    expect((await connected.api.call(path, { method: 'HEAD' })).status).toBe(200);
    expect(await count()).toEqual(before);
  });

  it('starts an attempt of its own at each click, and ends with the first success', async () => {
    const path = pathOf(await link(WEEK, { return_url: RETURN_URL, scopes: ['users.read', 'tweet.read'] }));
    await connected.pass(2);
    const clicks = [await click(path), await click(path)];
    const [first, second] = clicks.map((response) => new URL(response.headers.get('location')!));
    expect(clicks.map(({ status }) => status)).toEqual([303, 303]);
    expect(first!.searchParams.get('state')).not.toBe(second!.searchParams.get('state'));
    expect(first!.searchParams.get('scope')).toBe('users.read tweet.read');
    expect((await connected.consent(second!.href, 'unicode-handle')).href).toBe(
      `${RETURN_URL}?oauth_error=account_mismatch`,
    );
    expect((await open(path)).status).toBe(200);
    expect((await connected.consent(first!.href)).href).toBe(`${RETURN_URL}?connected=x`);
    expect((await connected.get('/v1/accounts')).body).toMatchObject({ total: 1, items: [{ id }] });
    await expectEnded(path);
  });

  it('ends with its time', async () => {
    const path = pathOf(await link(601));
    await connected.pass(590);
    expect((await open(path)).status).toBe(200);
    await connected.pass(12);
    await expectEnded(path);
  });

  it('is unknown when a character of it is changed', async () => {
    for (const path of ['/reauth/x', `/reauth/${'A'.repeat(43)}`, `${pathOf(await link())}A`])
      for (const response of [await open(path), await click(path)])
        expect([response.status, await response.text()]).toEqual([
          404,
          expect.stringContaining('This link is unknown'),
        ]);
  });

  it.each([[600], [WEEK + 1], [700.5], ['700'], [null]])('cannot have %j seconds', async (seconds) => {
    expect(await link(seconds)).toMatchObject({
      status: 400,
      body: { code: 'validation.failed', errors: [{ field: 'expires_in' }] },
    });
  });

  it('is refused at once where its attempts would be', async () => {
    expect(await link(WEEK, { return_url: 'https://evil.example/' })).toMatchObject({
      status: 400,
      body: { code: 'return_url.not_allowed' },
    });
    expect(await connected.post(`/v1/accounts/acc_zz/reauth`, { expires_in: WEEK })).toMatchObject({ status: 404 });
  });

  it('has ended for its person where its return URL is no longer allowed', async () => {
    const path = pathOf(await link(WEEK, { return_url: RETURN_URL }));
    const change = (urls: string[]): Promise<unknown> =>
      connected.pool.query(`update oauth_apps set allowed_return_urls = $1 where provider = 'x'`, [urls]);
    await change([]);
    const response = await click(path);
    expect([response.status, await response.text()]).toEqual([410, expect.stringContaining('This link has ended')]);
    await change([RETURN_URL]);
  });

  it('works after the API key that created it was revoked, for the person of the account alone', async () => {
    const { api } = connected;
    const made = await api.post('/v1/api-keys', await api.token(), { name: 'replaced soon', environment: 'test' });
    const { id: keyId, key } = (await made.json()) as { id: string; key: string };
    const create = (): Promise<Response> => api.post(`/v1/accounts/${id}/reauth`, key, { expires_in: WEEK });
    const path = pathOf({ body: (await (await create()).json()) as Started });
    const revoke = { as: await api.token(), method: 'DELETE', headers: { 'x-environment': 'test' } };
    expect((await api.call(`/v1/api-keys/${keyId}`, revoke)).status).toBe(204);
    expect((await create()).status).toBe(401);
    await connected.pass(2);
    const clicks = [await click(path), await click(path)];
    const [first, second] = clicks.map((response) => new URL(response.headers.get('location')!));
    await connected.consent(second!.href, 'unicode-handle');
    expect((await open(path)).status).toBe(200);
    await connected.consent(first!.href);
    expect((await connected.get('/v1/accounts')).body).toMatchObject({ total: 1, items: [{ id, health: 'active' }] });
    await expectEnded(path);
  });

  it('ends with its account', async () => {
    const path = pathOf(await link());
    expect((await connected.api.call(`/v1/accounts/${id}`, { as: connected.key, method: 'DELETE' })).status).toBe(204);
    await expectEnded(path);
  });
});
