import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, tenantEvents } from '../../../../test/support/flow-rows.js';
import { SweepAttempts } from './sweep-attempts.js';

const ALWAYS = 10_000;
const UNREADABLE = { status: 200, body: { hello: 'world' } };
let flow: Flow;
let pauses: number[];

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(async () => {
  await flow.begin();
  pauses = [];
  flow.pause = (milliseconds) => Promise.resolve(pauses.push(milliseconds));
});

async function consent(provider: string, persona = 'happy', overrides = {}): Promise<string> {
  const landing = await flow.callback(await flow.decide((await flow.start(provider, overrides)).authorizeUrl, persona));
  return landing.kind === 'redirect' ? landing.url.slice(RETURN_URL.length) : landing.kind;
}
const sweep = () => flow.get(SweepAttempts).execute();
async function beats(count: number): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    await flow.pass(61);
    await sweep();
  }
}
async function revoked(): Promise<unknown> {
  for (let n = 0; n < 100 && (await flow.calls('revoke')).length === 0; n += 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  return flow.calls('revoke');
}

const graph = (message: string) => ({ error: { message, type: 'OAuthException', code: 190 } });
const REFUSALS: [string, number, object][] = [
  ['linkedin', 401, { status: 401, serviceErrorCode: 65601, code: 'REVOKED_ACCESS_TOKEN', message: 'x' }],
  ['x', 401, { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' }],
  ['tiktok', 401, { data: {}, error: { code: 'access_token_invalid', message: 'x', log_id: '1' } }],
  ['instagram', 400, graph('Error validating access token')],
  ['facebook', 400, graph('Error validating access token')],
  ['pinterest', 401, { code: 2, message: 'Authentication failed.' }],
];

describe('a fresh token that its own platform refuses', () => {
  it.each(REFUSALS)(
    'a refused fresh token at %s is checked again while the browser waits, and connected',
    async (provider, status, body) => {
      if (!['x', 'tiktok'].includes(provider)) await flow.app(provider);
      await flow.fault({ provider, endpoint: 'identity', times: 3, status, body });
      expect(await consent(provider)).toBe(`?connected=${provider}`);
      expect(pauses).toEqual([2_000, 5_000, 10_000]);
      expect(await flow.calls('token')).not.toEqual([]);
    },
  );

  it('a longer refusal is checked by the sweep, and connected', async () => {
    const [provider, status, body] = REFUSALS[0]!;
    await flow.app(provider);
    await flow.knobs(provider, { access_ttl_seconds: 7_200 });
    await flow.fault({ provider, endpoint: 'identity', times: 5, status, body });
    expect(await consent(provider)).toBe('?oauth_error=provider_unavailable');
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'exchanged', sealed: true }]);
    await beats(3);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'completed', sealed: false }]);
  });

  it('a lasting refusal ends its attempt after minutes, with an event', async () => {
    const [provider, status, body] = REFUSALS[0]!;
    await flow.app(provider);
    await flow.fault({ provider, endpoint: 'identity', times: ALWAYS, status, body });
    await consent(provider);
    await beats(8);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'exchanged' }]);
    await beats(10);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'exchange_failed', sealed: false }]);
    expect(await tenantEvents(flow)).toMatchObject([
      { type: 'oauth_attempt.failed', data: { error: 'exchange_failed' } },
    ]);
  });

  it.each([
    ['a 5xx', { status: 503 }],
    ['an answer that cannot be read', UNREADABLE],
    ['a lost connection', { drop: 'before' as const }],
  ])('a fresh token without an answer, by %s, is checked in the same way', async (_, fault) => {
    await flow.fault({ endpoint: 'identity', times: 2, ...fault });
    expect(await consent('x')).toBe('?connected=x');
    expect(pauses).toEqual([2_000, 5_000]);
  });

  it.each([
    ['refused', { status: 400, body: graph('Error validating access token') }],
    ['empty', { status: 200, body: { data: [] } }],
  ])('is checked in the same way where its list of Pages is %s', async (_, fault) => {
    await flow.app('facebook');
    await flow.fault({ provider: 'facebook', endpoint: 'profiles', ...fault });
    expect(await consent('facebook')).toBe('?connected=facebook');
    expect(pauses).toEqual([2_000]);
  });

  it.each([
    [
      'tiktok',
      'identity',
      {
        data: { user: { open_id: 'another-person', display_name: 'x' } },
        error: { code: 'access_token_invalid', message: 'x', log_id: '1' },
      },
    ],
    [
      'linkedin',
      'identity',
      {
        sub: 'another-person',
        name: 'x',
        status: 401,
        serviceErrorCode: 65601,
        code: 'REVOKED_ACCESS_TOKEN',
        message: 'x',
      },
    ],
    ['pinterest', 'identity', { id: 'another-person', username: 'x', code: 2, message: 'Authentication failed.' }],
    ['instagram', 'identity', { user_id: '1', id: '1', username: 'x', ...graph('Error validating access token') }],
    [
      'facebook',
      'profiles',
      {
        data: [{ id: '4711', access_token: 'EAAx', tasks: ['CREATE_CONTENT'] }],
        ...graph('Error validating access token'),
      },
    ],
  ] as const)(
    'a fresh token at %s is checked in the same way where its %s answer with 200 holds an error beside data',
    async (provider, endpoint, body) => {
      if (provider !== 'tiktok') await flow.app(provider);
      await flow.fault({ provider, endpoint, status: 200, body });
      expect(await consent(provider)).toBe(`?connected=${provider}`);
      expect(pauses).toEqual([2_000]);
      expect(
        await flow.many(`select 1 from accounts where platform_account_id in ('another-person', '1', '4711')`),
      ).toEqual([]);
    },
  );

  it('lacks a permission only if the platform reports it twice', async () => {
    await flow.fault({
      endpoint: 'identity',
      status: 403,
      body: { title: 'Forbidden', type: 'about:blank', status: 403, detail: 'Forbidden' },
    });
    expect(await consent('x')).toBe('?connected=x');
    expect(await consent('x', 'omar', { scopes: ['tweet.write', 'offline.access'] })).toBe(
      '?oauth_error=missing_permissions',
    );
    await flow.revoked();
  });
});

describe('an attempt whose platform never identifies the person', () => {
  it('is not checked for as long as the platform requests, and ends after an hour with its token revoked', async () => {
    await flow.fault({
      endpoint: 'identity',
      times: ALWAYS,
      status: 429,
      headers: { 'Retry-After': '3600' },
      body: {},
    });
    expect(await consent('x', 'happy', { userRef: 'user 7' })).toBe('?oauth_error=provider_unavailable');
    expect(pauses).toEqual([]);
    await beats(20);
    expect(await flow.calls('identity')).toHaveLength(1);
    await flow.pass(2_400);
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'provider_unavailable', sealed: false }]);
    expect(await tenantEvents(flow)).toEqual([
      {
        type: 'oauth_attempt.failed',
        data: expect.objectContaining({ provider: 'x', error: 'provider_unavailable', user_ref: 'user 7' }),
      },
    ]);
    expect(await revoked()).toMatchObject([{ outcome: 'ok' }]);
  });

  it('ends after an hour at the latest where the platform requests more time', async () => {
    await flow.fault({
      endpoint: 'identity',
      times: ALWAYS,
      status: 429,
      headers: { 'Retry-After': '20000' },
      body: {},
    });
    await consent('x');
    await flow.pass(3_601);
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', sealed: false }]);
    expect(await flow.calls('identity')).toHaveLength(1);
  });

  it('is checked less and less often, and ends after an hour', async () => {
    await flow.fault({ endpoint: 'identity', times: ALWAYS, ...UNREADABLE });
    await consent('x');
    await beats(58);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'exchanged' }]);
    expect((await flow.calls('identity')).length).toBeLessThan(20);
    await beats(3);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'provider_unavailable', sealed: false }]);
    expect(await tenantEvents(flow)).toHaveLength(1);
  });

  it('is checked once more after a time in which no sweep ran', async () => {
    await flow.knobs('x', { access_ttl_seconds: 7_200 });
    await flow.fault({ endpoint: 'identity', times: 4, ...UNREADABLE });
    await consent('x');
    await flow.pass(5_000);
    await sweep();
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'completed' }]);
  });
});

describe('the share of an app in the sweep', () => {
  /** That number of further attempts like the tenant's only one, with secrets that do not open. */
  const copies = (count: number) =>
    flow.pool.query(
      `with copy as (
         insert into connect_attempts (id, workspace_id, environment, project_id, provider, oauth_app_id, state_hash, created_by, redirect_uri,
           scopes, status, spent_at, exchanged_at)
         select gen_random_uuid(), workspace_id, environment, project_id, provider, oauth_app_id, sha256(n::text::bytea), created_by, redirect_uri,
           scopes, 'exchanged', spent_at, exchanged_at - interval '1 minute'
         from connect_attempts, generate_series(1, $2::int) n where workspace_id = $1 returning id)
       insert into attempt_secrets (attempt_id, version, sealed_token_set, dek_wrapped, kek_id)
       select copy.id, version, sealed_token_set, dek_wrapped, kek_id from copy, attempt_secrets
       where attempt_id = (select id from connect_attempts where workspace_id = $1 and id not in (select id from copy) limit 1)`,
      [flow.tenant.workspaceId, count],
    );

  it('keeps a full batch of its attempts, whose secrets do not open, from standing before those of another app', async () => {
    await flow.fault({ provider: 'x', endpoint: 'identity', times: 4, status: 503 });
    await consent('x');
    await copies(1_200);
    await flow.fault({ provider: 'tiktok', endpoint: 'identity', times: 4, status: 503 });
    await consent('tiktok');
    await flow.pass(31);
    await sweep();
    const { checked } = await flow.one<{ checked: string }>(
      'select count(*) as checked from connect_attempts where workspace_id = $1 and checks = 1',
      [flow.tenant.workspaceId],
    );
    expect(Number(checked)).toBe(50);
    expect((await attemptsOf(flow)).filter(({ status }) => status === 'completed')).toHaveLength(1);
    await flow.pass(7_200);
    await sweep();
    await sweep();
    expect((await attemptsOf(flow)).filter(({ status, sealed }) => status === 'exchanged' || sealed)).toEqual([]);
  });
});
