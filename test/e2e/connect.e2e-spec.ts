import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { newId, publicId } from '#persistence';
import { type Account, Backend, type Reply, reply } from '../support/backend.js';
import { session } from '../support/service.js';

interface Attempt {
  state: string;
  status: string;
  account_ids: string[];
  candidates: object[] | null;
  error: string | null;
  provider: string;
  expires_at: string;
}

const RETURN_URL = 'https://shop.example/connect/done?step=2&connected=no';
let backend: Backend;
let apps: Record<string, string>;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  const allowed = { allowed_return_urls: ['https://shop.example/connect'] };
  apps = {
    x: await backend.app('x', allowed),
    instagram: await backend.app('instagram', allowed),
    facebook: await backend.app('facebook', allowed),
    other: await backend.app('x', { ...allowed, redirect_uri_style: 'app' }),
    refused: await backend.app('x', allowed),
  };
});

afterAll(async () => {
  await backend.control('DELETE', '/faults');
  const { items } = (await backend.get('/v1/accounts?limit=100')).body as { items: Account[] };
  for (const { id } of items) await backend.delete(`/v1/accounts/${id}`);
});

const fault = (plan: object): Promise<Reply> => backend.control('POST', '/faults', plan);
const attempt = async (state: string): Promise<Attempt> =>
  (await backend.get(`/v1/oauth/attempts/${state}`)).body as Attempt;
const refused = ({ status, body }: Reply): [number, string, string | undefined] => {
  const { code, errors } = body as { code: string; errors?: [{ field: string }] };
  return [status, code, errors?.[0].field];
};

interface Flow {
  provider?: string;
  persona?: string;
  decision?: 'approve' | 'deny';
  query?: Record<string, string>;
  /** Between the consent and the return of the browser. */
  meanwhile?: (state: string) => Promise<unknown>;
}

/** Start, consent and return; `landed` is the redirect of the callback. */
async function connect({ provider = 'x', persona, decision, query, meanwhile }: Flow = {}): Promise<{
  state: string;
  back: string;
  landed: Reply;
  location: string;
}> {
  const { authorize_url, state } = await backend.start(
    provider,
    `?${new URLSearchParams({ return_url: RETURN_URL, ...query }).toString()}`,
  );
  const back = await backend.decide(authorize_url, persona, decision);
  await meanwhile?.(state);
  const landed = await reply(back, { redirect: 'manual' });
  return { state, back, landed, location: landed.headers.get('location') ?? '' };
}

describe('GET /v1/oauth/{provider}/start', () => {
  it('answers 200 with authorize_url, state and expires_at, ten minutes ahead', async () => {
    const [{ now }] = (await backend.query('select db_now() as now')) as [{ now: Date }];
    const { status, body } = await backend.get('/v1/oauth/x/start');
    expect([status, body]).toEqual([
      200,
      { authorize_url: expect.any(String), state: expect.any(String), expires_at: expect.any(String) },
    ]);
    const started = body as { authorize_url: string; state: string; expires_at: string };
    expect(new URL(started.authorize_url).searchParams.get('state')).toBe(started.state);
    const left = Date.parse(started.expires_at) - now.getTime();
    expect(left / 1_000).toBeGreaterThan(595);
    expect(left / 1_000).toBeLessThan(630);
  });

  it('uses the default app of the platform, or oauth_app_id', async () => {
    const clientOf = async (query: string): Promise<string | null> =>
      new URL((await backend.start('x', query)).authorize_url).searchParams.get('client_id');
    const idOf = async (app: string): Promise<string> =>
      ((await backend.get(`/v1/oauth-apps/${app}`)).body as { client_id: string }).client_id;
    expect(await clientOf('')).toBe(await idOf(apps.x!));
    expect(await clientOf(`?oauth_app_id=${apps.other!}`)).toBe(await idOf(apps.other!));
  });

  it('requests scopes, and without them those of the app', async () => {
    const scopesOf = async (query: string): Promise<string | null> =>
      new URL((await backend.start('x', query)).authorize_url).searchParams.get('scope');
    expect(await scopesOf('?scopes=tweet.read,users.read')).toBe('tweet.read users.read');
    const { scopes } = (await backend.get(`/v1/oauth-apps/${apps.x!}`)).body as { scopes: string[] };
    expect(await scopesOf('')).toBe(scopes.join(' '));
  });

  it.each([
    ['/v1/oauth/pinterest/start', [400, 'oauth_app.missing', undefined]],
    ['/v1/oauth/x/start?return_url=https://evil.example/connect', [400, 'return_url.not_allowed', 'return_url']],
    ['/v1/oauth/x/start?return_url=https://shop.example/connected', [400, 'return_url.not_allowed', 'return_url']],
    ['/v1/oauth/x/start?project_id=prj_01h455vb4pex5vsknk084sn02q', [400, 'project.not_found', 'project_id']],
    ['/v1/oauth/x/start?oauth_app_id=oa_01h455vb4pex5vsknk084sn02q', [404, 'oauth_app.not_found', undefined]],
    ['/v1/oauth/myspace/start', [400, 'provider.unknown', 'provider']],
    ['/v1/oauth/x/start?scopes=%20', [400, 'validation.failed', 'scopes']],
    ['/v1/oauth/x/start?scopes=a"b', [400, 'scopes.invalid', 'scopes']],
    ['/v1/oauth/x/start?selection=some', [400, 'validation.failed', 'selection']],
  ])('refuses a start at %s', async (path, problem) => {
    expect(refused(await backend.get(path))).toEqual(problem);
  });

  it('refuses a user_ref of more than 255 characters', async () => {
    const start = (length: number): Promise<Reply> => backend.get(`/v1/oauth/x/start?user_ref=${'u'.repeat(length)}`);
    expect(refused(await start(256))).toEqual([400, 'validation.failed', 'user_ref']);
    expect((await start(255)).status).toBe(200);
  });

  it('returns user_ref in the metadata of the account and in its event', async () => {
    const { state } = await connect({ persona: 'omar', query: { user_ref: 'user-9' } });
    const [id] = (await attempt(state)).account_ids;
    expect(await backend.account(id!)).toMatchObject({ metadata: { user_ref: 'user-9' } });
    const { body } = await backend.get(`/v1/accounts/${id}/events`);
    expect(body).toMatchObject({ items: [{ type: 'account.connected', data: { user_ref: 'user-9' } }] });
  });

  it('connects into project_id; the same person in another project is another account', async () => {
    const { state } = await connect({ persona: 'omar' });
    const [first] = (await attempt(state)).account_ids;
    const project = newId();
    await backend.query(
      `insert into projects (id, workspace_id, environment, name)
       select $1, workspace_id, environment, 'another' from accounts where id = $2`,
      [project, TypeID.fromString(first!).toUUID()],
    );
    const query = { project_id: publicId('prj', project) };
    const [second] = (await attempt((await connect({ persona: 'omar', query })).state)).account_ids;
    expect(second).not.toBe(first);
    expect(await backend.account(second!)).toMatchObject(query);
  });

  it('keeps the account and its id where the profile is connected already: its tokens are replaced, and the event is account.reconnected', async () => {
    const [first] = (await attempt((await connect({ persona: 'mei' })).state)).account_ids;
    const [again] = (await attempt((await connect({ persona: 'mei' })).state)).account_ids;
    expect(again).toBe(first);
    const { body } = await backend.get(`/v1/accounts/${first}/events`);
    expect(body).toMatchObject({ items: [{ type: 'account.reconnected' }, { type: 'account.connected' }] });
  });
});

describe('GET /v1/oauth/{provider}/callback', () => {
  it('redirects 302 to the return URL with connected=<provider>; its query stays, names of ours in it are replaced', async () => {
    const { landed, location, state } = await connect();
    expect([landed.status, location]).toEqual([302, 'https://shop.example/connect/done?step=2&connected=x']);
    expect(landed.headers.get('referrer-policy')).toBe('no-referrer');
    expect(landed.headers.get('cache-control')).toBe('no-store');
    expect(await attempt(state)).toMatchObject({ status: 'completed', error: null });
  });

  it('redirects to /connected without a return URL', async () => {
    const { authorize_url } = await backend.start('x');
    const { headers } = await reply(await backend.decide(authorize_url), { redirect: 'manual' });
    expect(headers.get('location')).toBe(`${session().apiUrl}/connected?connected=x`);
  });

  it('does not redirect to a return URL that was removed from the list since the start', async () => {
    const { location } = await connect({
      query: { oauth_app_id: apps.refused! },
      meanwhile: () => backend.patch(`/v1/oauth-apps/${apps.refused!}`, { allowed_return_urls: [] }),
    });
    expect(location).toBe(`${session().apiUrl}/connected?connected=x`);
    await backend.patch(`/v1/oauth-apps/${apps.refused!}`, { allowed_return_urls: ['https://shop.example/'] });
  });

  const denied = { code: 200, message: 'Permissions error', type: 'OAuthException' };
  const FAILURES: [reason: string, Flow | (() => Promise<Flow>)][] = [
    ['access_denied', { decision: 'deny' }],
    [
      'exchange_failed',
      {
        meanwhile: () =>
          fault({
            provider: 'x',
            endpoint: 'token',
            status: 400,
            body: {
              error: 'invalid_request',
              error_description: 'Value passed for the authorization code was invalid.',
            },
          }),
      },
    ],
    ['provider_unavailable', { meanwhile: () => fault({ provider: 'x', endpoint: 'token', status: 503 }) }],
    ['no_eligible_account', { provider: 'facebook', persona: 'no-pages' }],
    [
      'missing_permissions',
      {
        provider: 'instagram',
        meanwhile: () =>
          fault({ provider: 'instagram', endpoint: 'identity', status: 403, body: { error: denied }, times: 2 }),
      },
    ],
    [
      'server_error',
      {
        meanwhile: (state) =>
          backend.query(
            `update attempt_secrets set sealed_verifier = sealed_verifier || '\\x00' where attempt_id =
               (select id from connect_attempts where state_hash = sha256(convert_to($1, 'UTF8')))`,
            [state],
          ),
      },
    ],
    ['app_misconfigured', () => Promise.resolve({ persona: 'wrong-secret', query: { oauth_app_id: apps.refused! } })],
  ];

  it.each(FAILURES)('redirects with oauth_error=%s, which the attempt has as its error', async (reason, flow) => {
    const { landed, location, state } = await connect(typeof flow === 'function' ? await flow() : flow);
    expect([landed.status, location]).toEqual([302, `https://shop.example/connect/done?step=2&oauth_error=${reason}`]);
    expect(await attempt(state)).toMatchObject(
      reason === 'server_error' ? { account_ids: [] } : { status: 'failed', error: reason, account_ids: [] },
    );
  });

  it('redirects with oauth_error=account_mismatch where another person signs in for a reauthorization', async () => {
    const [id] = (await attempt((await connect({ persona: 'mei' })).state)).account_ids;
    const { body } = await backend.post(`/v1/accounts/${id}/reauth`, { return_url: RETURN_URL });
    const { authorize_url, state } = body as { authorize_url: string; state: string };
    const { headers } = await reply(await backend.decide(authorize_url, 'omar'), { redirect: 'manual' });
    expect(headers.get('location')).toContain('oauth_error=account_mismatch');
    expect(await attempt(state)).toMatchObject({ status: 'failed', error: 'account_mismatch' });
  });

  it('redirects with oauth_error=state_expired after ten minutes, and spends no code', async () => {
    const { location, state } = await connect({
      persona: 'paula',
      meanwhile: (of) =>
        backend.query(
          `update connect_attempts set expires_at = db_now() where state_hash = sha256(convert_to($1, 'UTF8'))`,
          [of],
        ),
    });
    expect(location).toBe('https://shop.example/connect/done?step=2&oauth_error=state_expired');
    expect(await attempt(state)).toMatchObject({ status: 'failed', error: 'state_expired' });
    expect((await backend.get('/v1/accounts?q=paula')).body).toMatchObject({ total: 0 });
  });

  it('redirects with oauth_error=state_reused the second time, and changes nothing', async () => {
    const { back, state } = await connect({ persona: 'mei' });
    const before = await attempt(state);
    const { headers } = await reply(back, { redirect: 'manual' });
    expect(headers.get('location')).toBe('https://shop.example/connect/done?step=2&oauth_error=state_reused');
    expect(await attempt(state)).toEqual(before);
  });
});

describe('GET /v1/oauth/{provider}/callback/{oauthAppId}', () => {
  it('is the redirect URI of an app with redirect_uri_style app, and finishes its attempts alone', async () => {
    const { authorize_url, state } = await backend.start('x', `?oauth_app_id=${apps.other!}`);
    const uri = `${session().apiUrl}/v1/oauth/x/callback/${apps.other!}`;
    expect(new URL(authorize_url).searchParams.get('redirect_uri')).toBe(uri);
    const back = await backend.decide(authorize_url, 'paula');
    expect(back.startsWith(`${uri}?`)).toBe(true);
    const elsewhere = await reply(back.replace(`/${apps.other!}`, ''), { redirect: 'manual' });
    expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([400, null]);
    expect(await attempt(state)).toMatchObject({ status: 'pending' });
    expect((await reply(back, { redirect: 'manual' })).status).toBe(302);
    expect(await attempt(state)).toMatchObject({ status: 'completed' });
  });
});

describe('GET /v1/oauth/attempts/{state}', () => {
  it('answers 200 with the fields of an attempt, pending until the browser is back', async () => {
    const { state } = await backend.start('x');
    expect(await backend.get(`/v1/oauth/attempts/${state}`)).toMatchObject({ status: 200 });
    expect(await attempt(state)).toEqual({
      ...{ state, status: 'pending', account_ids: [], candidates: null, error: null, provider: 'x' },
      expires_at: expect.any(String),
    });
  });

  it('answers 404 to another credential of the same customer, and to another customer', async () => {
    const { state } = await backend.start('x');
    const [{ name }] = (await backend.query(
      `select name from workspaces where id = (select workspace_id from oauth_apps where id = $1)`,
      [TypeID.fromString(apps.x!).toUUID()],
    )) as [{ name: string }];
    const others = [await Backend.ofCustomer(session(), name), await Backend.ofNewCustomer(session())];
    for (const other of others)
      expect(refused(await other.get(`/v1/oauth/attempts/${state}`))).toEqual([404, 'attempt.not_found', undefined]);
  });
});

describe('POST /v1/oauth/attempts/{state}/selection', () => {
  let state: string;
  let location: string;
  let candidates: { platform_account_id: string; eligible: boolean; reason: string | null }[];
  const select = (ids: string[]): Promise<Reply> =>
    backend.post(`/v1/oauth/attempts/${state}/selection`, { platform_account_ids: ids });

  beforeAll(async () => {
    const flow = { provider: 'facebook', persona: 'many-pages', query: { selection: 'manual' } };
    ({ state, location } = await connect(flow));
    candidates = (await attempt(state)).candidates as typeof candidates;
  });

  it('is requested by selection=manual: the browser returns with selection_required, the attempt has the candidates', async () => {
    expect(location).toContain('selection_required=facebook');
    expect(await attempt(state)).toMatchObject({ status: 'selection_required', account_ids: [] });
    expect(candidates).toHaveLength(3);
    expect(Object.keys(candidates[0]!).sort()).toEqual(
      ['avatar_url', 'display_name', 'eligible', 'handle', 'platform_account_id', 'reason'].sort(),
    );
    expect(candidates.map(({ eligible }) => eligible)).toEqual([true, false, true]);
  });

  it('refuses 400 a candidate that is not eligible, an unknown one and none', async () => {
    for (const ids of [[candidates[1]!.platform_account_id], ['4'], []])
      expect(refused(await select(ids)).slice(0, 2)).toEqual([400, 'validation.failed']);
  });

  it('answers 200 with the completed attempt: the selected Page alone is an account; again it is 409', async () => {
    const { status, body } = await select([candidates[2]!.platform_account_id]);
    expect([status, body]).toMatchObject([200, { status: 'completed', account_ids: [expect.any(String)] }]);
    expect((await backend.get('/v1/accounts?provider=facebook')).body).toMatchObject({
      items: [{ platform_account_id: candidates[2]!.platform_account_id }],
      total: 1,
    });
    expect(refused(await select([candidates[0]!.platform_account_id]))[1]).toBe('attempt.not_selectable');
  });

  it('is not requested without selection=manual: each Page with the right to publish is an account', async () => {
    const { state: all } = await connect({ provider: 'facebook', persona: 'many-pages' });
    expect((await attempt(all)).account_ids).toHaveLength(2);
  });
});
