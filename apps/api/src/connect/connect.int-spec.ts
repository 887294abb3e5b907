import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { PROVIDER_NAMES } from '#providers';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

let api: TestApi;
let pool: pg.Pool;
let key: string;

const RETURN_URL = 'https://app.example.com/settings';

interface Started {
  authorize_url: string;
  state: string;
  expires_at: string;
}

beforeAll(async () => {
  // Nothing listens at this address: a test that reaches a platform fails.
  api = await openTestApi({ SANDBOX_URL: 'http://127.0.0.1:9' });
  pool = new pg.Pool({ connectionString: api.database.url });
  key = await api.key();
  const app = {
    provider: 'x',
    name: 'X',
    client_id: ' abc ',
    client_secret: ' shh-very-secret ',
    allowed_return_urls: [RETURN_URL],
  };
  expect((await api.post('/v1/oauth-apps', key, app)).status).toBe(201);
});

afterAll(async () => {
  await pool.end();
  await api.close();
});

const start = async (query = ''): Promise<Started> => {
  const response = await api.call(`/v1/oauth/x/start${query}`, { as: key });
  expect(response.status).toBe(200);
  return (await response.json()) as Started;
};
const spent = async (): Promise<number> =>
  Number((await pool.query('select count(*) as spent from connect_attempts where spent_at is not null')).rows[0].spent);

describe('an OAuth app', () => {
  it('comes back trimmed, with its redirect URI and without its secret', async () => {
    const text = await (await api.call('/v1/oauth-apps', { as: key })).text();
    expect(JSON.parse(text)).toMatchObject([
      {
        provider: 'x',
        client_id: 'abc',
        redirect_uri: 'http://localhost:3000/v1/oauth/x/callback',
        is_default: true,
        status: 'active',
      },
    ]);
    expect(text).not.toContain('shh-very-secret');
  });

  it.each([
    ['client_secret', { client_secret: 'a\u0000b' }],
    ['client_secret', { client_secret: 'a\nb' }],
    ['client_id', { client_id: '   ' }],
    ['name', { name: 'a'.repeat(121) }],
    ['provider', { provider: 'myspace' }],
    ['allowed_return_urls.0', { allowed_return_urls: ['javascript:alert(1)'] }],
    ['redirect_uri', { redirect_uri: 'https://evil.example/' }],
  ])('is refused for its %s', async (field, change) => {
    const app = { provider: 'x', name: 'X', client_id: 'abc', client_secret: 'shh', ...change };
    const response = await api.post('/v1/oauth-apps', key, app);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
  });

  it('lists all platforms for an unknown one, and names the nearest', async () => {
    const refused = await api.post('/v1/oauth-apps', key, {
      provider: 'twitter',
      name: 'X',
      client_id: 'abc',
      client_secret: 'shh',
    });
    expect(await refused.json()).toMatchObject({
      errors: [{ field: 'provider', message: `must be one of ${PROVIDER_NAMES.join(', ')} (did you mean x?)` }],
    });
  });

  it('accepts platform as another word for provider', async () => {
    const app = { platform: 'tiktok', name: 'T', client_id: 'abc', client_secret: 'shh' };
    const made = await api.post('/v1/oauth-apps', key, app);
    const { id } = (await made.json()) as { id: string };
    expect(await (await api.call(`/v1/oauth-apps/${id}`, { as: key })).json()).toMatchObject({
      id,
      provider: 'tiktok',
    });
  });

  it('is unknown to another tenant', async () => {
    const [app] = (await (await api.call('/v1/oauth-apps', { as: key })).json()) as { id: string }[];
    const stranger = await api.key({ workspace: 'stranger' });
    expect((await api.call(`/v1/oauth-apps/${app!.id}`, { as: stranger })).status).toBe(404);
    expect((await api.call(`/v1/oauth/x/start?oauth_app_id=${app!.id}`, { as: stranger })).status).not.toBe(200);
  });
});

describe('a start', () => {
  it('returns the authorize URL, and only its creator can read the attempt', async () => {
    const started = await start(`?return_url=${encodeURIComponent(RETURN_URL)}&user_ref=user-42`);
    expect(new URL(started.authorize_url).searchParams.get('state')).toBe(started.state);
    const path = `/v1/oauth/attempts/${started.state}`;
    expect(await (await api.call(path, { as: key })).json()).toEqual({
      state: started.state,
      status: 'pending',
      account_ids: [],
      candidates: null,
      error: null,
      provider: 'x',
      expires_at: started.expires_at,
    });
    expect((await api.call(path, { as: await api.key() })).status).toBe(404);
  });

  it.each([
    ['return_url.not_allowed', '?return_url=https://evil.example/'],
    ['return_url.not_allowed', `?return_url=${encodeURIComponent(`${RETURN_URL}?a=%00`)}`],
    ['return_url.not_allowed', `?return_url=${encodeURIComponent(`${RETURN_URL}?a=%ff`)}`],
    ['validation.failed', '?scopes='],
    ['validation.failed', '?scopes=%20,'],
    ['validation.failed', '?oauth_app_id='],
    ['validation.failed', '?project_id='],
    ['validation.failed', '?return_url='],
    ['project.not_found', '?project_id=prj_zz'],
    ['project.not_found', '?project_id=prj_01h455vb4pex5vsknk084sn02q'],
    ['oauth_app.not_found', '?oauth_app_id=oa_zz'],
    ['oauth_app.not_found', '?oauth_app_id=oa_01h455vb4pex5vsknk084sn02q'],
    ['validation.failed', `?user_ref=${'a'.repeat(256)}`],
  ])('is refused as %s for %s', async (code, query) => {
    expect(await (await api.call(`/v1/oauth/x/start${query}`, { as: key })).json()).toMatchObject({ code });
  });

  it('refuses an unknown platform, lists all and names the nearest', async () => {
    const detailOf = async (name: string): Promise<unknown> =>
      ((await (await api.call(`/v1/oauth/${name}/start`, { as: key })).json()) as { detail: unknown }).detail;
    const all = `The field provider must be one of ${PROVIDER_NAMES.join(', ')}`;
    expect(await detailOf('facebook-pages')).toBe(`${all} (did you mean facebook?).`);
    expect(await detailOf('twitter')).toBe(`${all} (did you mean x?).`);
    expect(await detailOf('myspace')).toBe(`${all}.`);
  });

  it('requires the scope oauth:write', async () => {
    const reader = await api.key({ scopes: ['accounts:read'] });
    expect((await api.call('/v1/oauth/x/start', { as: reader })).status).toBe(403);
  });
});

describe('a callback', () => {
  beforeAll(async () => {
    const app = {
      provider: 'facebook',
      name: 'Facebook',
      client_id: 'abc',
      client_secret: 'shh',
      allowed_return_urls: [RETURN_URL],
    };
    expect((await api.post('/v1/oauth-apps', key, app)).status).toBe(201);
  });

  it('spends neither state nor code for a prefetch', async () => {
    const { state } = await start();
    const path = `/v1/oauth/x/callback?state=${state}&error=access_denied`;
    const looks = [
      await api.call(path, { method: 'HEAD' }),
      await api.call(path, { headers: { 'sec-purpose': 'prefetch;prerender' } }),
      await api.call(path, { headers: { purpose: 'prefetch' } }),
    ];
    expect(looks.map((look) => [look.status, look.headers.get('cache-control')])).toEqual(
      Array(3).fill([204, 'no-store']),
    );
    expect(await spent()).toBe(0);
  });

  it('shows a page instead of a redirect for a forged state', async () => {
    const { state } = await start();
    const forged = state.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const queries = [
      '',
      '?state=',
      `?state=${forged}&code=1`,
      `?state=${state}&state=${state}&code=1`,
      '?code=1&return_url=https://evil.example/',
    ];
    for (const query of queries) {
      const response = await api.call(`/v1/oauth/x/callback${query}`);
      expect([response.status, response.headers.get('location')]).toEqual([400, null]);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(await response.text()).not.toMatch(/evil|<script/);
    }
  });

  it('spends nothing at the address of another platform or app', async () => {
    const before = await spent();
    const { state } = await start();
    for (const path of [
      '/v1/oauth/tiktok/callback',
      '/v1/oauth/x/callback/oa_01h455vb4pex5vsknk084sn02q',
      '/v1/oauth/x/callback/zz',
    ]) {
      expect((await api.call(`${path}?state=${state}&code=1`)).status).toBe(400);
    }
    expect(await spent()).toBe(before);
  });

  it('redirects to the return URL after a refused consent, once, with an empty body', async () => {
    const { state } = await start(`?return_url=${encodeURIComponent(RETURN_URL)}`);
    const path = `/v1/oauth/x/callback?state=${state}&error=access_denied`;
    const response = await api.call(path);
    expect([response.status, response.headers.get('location')]).toEqual([
      302,
      `${RETURN_URL}?oauth_error=access_denied`,
    ]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(await response.text()).toBe('');
    const again = await api.call(path);
    expect(again.headers.get('location')).toBe(`${RETURN_URL}?oauth_error=state_reused`);
  });

  it.each([
    [
      'that has the number with which Facebook refuses an app',
      'error_code=901&error_message=App+Not+Set+Up',
      'app_misconfigured',
    ],
    ["that has Facebook's reason alone", 'error_reason=user_denied&error_description=No', 'access_denied'],
    ['that has a sentence alone', 'error_description=Something', 'exchange_failed'],
    ['that has an error and a code', 'error=access_denied&code=1', 'access_denied'],
    ['that has a number followed by a fragment', 'error_code=901%23_=_', 'app_misconfigured'],
  ])('redirects with the reason of a refusal %s', async (_, query, reason) => {
    const started = await api.call(`/v1/oauth/facebook/start?return_url=${encodeURIComponent(RETURN_URL)}`, {
      as: key,
    });
    const { state } = (await started.json()) as Started;
    const response = await api.call(`/v1/oauth/facebook/callback?state=${state}&${query}`);
    expect(response.headers.get('location')).toBe(`${RETURN_URL}?oauth_error=${reason}`);
    expect(await (await api.call(`/v1/oauth/attempts/${state}`, { as: key })).json()).toMatchObject({
      status: 'failed',
      error: reason,
    });
  });

  it.each(['%23_', '%23_=_', '#_=_'])(
    'accepts a state that ends in %s, as does the reading of the attempt',
    async (tail) => {
      const { state } = await start(`?return_url=${encodeURIComponent(RETURN_URL)}`);
      const response = await api.call(`/v1/oauth/x/callback?error=access_denied&state=${state}${tail}`);
      expect(response.headers.get('location')).toBe(`${RETURN_URL}?oauth_error=access_denied`);
      const read = await api.call(`/v1/oauth/attempts/${state}${tail}`, { as: key });
      expect(await read.json()).toMatchObject({ state, status: 'failed', error: 'access_denied' });
    },
  );
});

describe('the landing page', () => {
  it('repeats nothing of the query', async () => {
    const text = async (query: string): Promise<string> => (await api.call(`/connected${query}`)).text();
    expect(await text('?connected=x')).toContain('<h1>Connected</h1>');
    expect(await text('?oauth_error=access_denied')).toContain('You did not allow');
    expect(await text('?oauth_error=<script>alert(1)</script>&x=<b>')).not.toMatch(/<script|<b>/);
    expect(await text('?oauth_error=constructor')).toContain('Not connected');
  });
});
