import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Keyring, mintState } from '#crypto';
import { Flow, PUBLIC_URL, RETURN_URL } from '../../../../test/support/flow.js';
import { attemptsOf, tenantEvents } from '../../../../test/support/flow-rows.js';
import { makeProject } from '../../../../test/support/rows.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(2);
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const to = (url: string): object => ({ kind: 'redirect', url });
const failed = (reason: string): object => to(`${RETURN_URL}?oauth_error=${reason}`);
const UNTRUSTED = { kind: 'untrusted' };
const accounts = () => flow.many('select id from accounts where workspace_id = $1', [flow.tenant.workspaceId]);
const backFrom = async (provider = 'x', overrides = {}): Promise<URL> =>
  flow.decide((await flow.start(provider, overrides)).authorizeUrl);

/** The state is not spent, nothing is stored, and no platform is called. */
async function expectUntouched(): Promise<void> {
  expect(await attemptsOf(flow)).toMatchObject([{ status: 'pending', spent: false, sealed: true }]);
  expect(await accounts()).toEqual([]);
  expect(await flow.calls('token')).toEqual([]);
}

describe('a callback', () => {
  it('keeps the query of the return URL, and puts our names in place of its own', async () => {
    const returnUrl = `${RETURN_URL}/done?tab=2&connected=fake&oauth_error=fake&q=a%20b`;
    const landing = await flow.callback(await backFrom('x', { returnUrl }));
    expect(landing).toEqual(to(`${RETURN_URL}/done?tab=2&q=a%20b&connected=x`));
  });

  it('leads to our own page where the start named no return URL', async () => {
    expect(await flow.callback(await backFrom('x', { returnUrl: undefined }))).toEqual(
      to(`${PUBLIC_URL}/connected?connected=x`),
    );
  });

  it('leads to our own page when the return URL was taken off the list meanwhile', async () => {
    const back = await backFrom();
    await flow.pool.query(
      `update oauth_apps set allowed_return_urls = '{https://other.example/}' where workspace_id = $1`,
      [flow.tenant.workspaceId],
    );
    expect(await flow.callback(back)).toEqual(to(`${PUBLIC_URL}/connected?connected=x`));
    expect(await accounts()).toHaveLength(1);
  });

  it('leads to any loopback address in the environment test, and to one of the list alone in live', async () => {
    const returnUrl = 'http://localhost:43210/connected?flow=1';
    expect(await flow.callback(await backFrom('x', { returnUrl }))).toEqual(to(`${returnUrl}&connected=x`));
    flow.tenant = { ...flow.tenant, environment: 'live' };
    await makeProject(flow.pool, flow.tenant, true);
    const id = await flow.app('x', { allowedReturnUrls: ['http://localhost:43211'] });
    await expect(flow.start('x', { returnUrl })).rejects.toMatchObject({ code: 'return_url.not_allowed' });
    const { state } = await flow.start('x', { returnUrl: 'http://localhost:43211/connected' });
    await flow.pool.query(`update oauth_apps set allowed_return_urls = '{}' where id = $1`, [id]);
    const back = new URL(`${PUBLIC_URL}/v1/oauth/x/callback?error=access_denied&state=${state}`);
    expect(await flow.callback(back)).toEqual(to(`${PUBLIC_URL}/connected?oauth_error=access_denied`));
  });

  it('spends a state once: of eight at the same moment in two processes one exchanges the code', async () => {
    const back = await backFrom();
    const query = Object.fromEntries(back.searchParams);
    const { CompleteConnect } = await import('./complete-connect.js');
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) => flow.get(CompleteConnect, n % 2).execute({ provider: 'x', query })),
    );
    const landings = all.map((one) => JSON.stringify(one)).toSorted();
    expect(landings.filter((one) => one.includes('connected=x'))).toHaveLength(1);
    expect(landings.filter((one) => one.includes('oauth_error=state_reused'))).toHaveLength(7);
    expect(await flow.calls('token')).toMatchObject([{ outcome: 'ok' }]);
    expect(await accounts()).toHaveLength(1);
  });

  it('that comes again later changes nothing', async () => {
    const back = await backFrom();
    await flow.callback(back);
    expect(await flow.callback(back)).toEqual(failed('state_reused'));
    expect(await flow.calls('token')).toHaveLength(1);
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'completed', error: null }]);
  });

  it('comes too late by the clock of the database, whatever the clock of the process shows', async () => {
    const back = await backFrom();
    await flow.pass(601);
    expect(await flow.callback(back)).toEqual(failed('state_expired'));
    expect(await flow.calls('token')).toEqual([]);
    expect(await accounts()).toEqual([]);
  });

  it('comes in time until the last second', async () => {
    const { authorizeUrl } = await flow.start('x');
    await flow.pass(590);
    expect(await flow.callback(await flow.decide(authorizeUrl))).toEqual(to(`${RETURN_URL}?connected=x`));
  });

  it('that denies ends the attempt without a call', async () => {
    const { authorizeUrl } = await flow.start('x', { userRef: 'user 7' });
    expect(await flow.callback(await flow.decide(authorizeUrl, 'happy', 'deny'))).toEqual(failed('access_denied'));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: 'access_denied', sealed: false }]);
    expect(await tenantEvents(flow)).toEqual([
      { type: 'oauth_attempt.failed', data: { provider: 'x', error: 'access_denied', user_ref: 'user 7' } },
    ]);
    expect(await flow.calls('token')).toEqual([]);
  });

  it('a callback with a code of another app is refused by the platform, and connects nothing', async () => {
    const { state } = await flow.start('x');
    const other = await backFrom('x', { oauthAppId: await flow.app('x') });
    other.searchParams.set('state', state);
    expect(await flow.callback(other)).toEqual(failed('exchange_failed'));
    expect(await accounts()).toEqual([]);
  });

  it('a callback with the code of another attempt fails by PKCE', async () => {
    const [mine, theirs] = [await flow.start('x'), await backFrom()];
    theirs.searchParams.set('state', mine.state);
    expect(await flow.callback(theirs)).toEqual(failed('exchange_failed'));
    expect(await flow.calls('token')).toMatchObject([{ outcome: 'wrong_verifier' }]);
  });
});

describe('a callback that cannot be trusted', () => {
  it.each([
    ['no state', (query: Record<string, unknown>) => ({ ...query, state: undefined })],
    [
      'an unsigned state',
      (query: Record<string, unknown>) => ({ ...query, state: `${'A'.repeat(43)}.${'A'.repeat(43)}` }),
    ],
    [
      'a state with one letter changed',
      (query: Record<string, unknown>) => ({
        ...query,
        state: String(query.state).replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
      }),
    ],
    ['a state twice', (query: Record<string, unknown>) => ({ ...query, state: [query.state, query.state] })],
    ['a code twice', (query: Record<string, unknown>) => ({ ...query, code: [query.code, query.code] })],
  ])('brings %s, and touches nothing', async (_, change) => {
    const back = await backFrom();
    const query = change(Object.fromEntries(back.searchParams)) as Record<string, string>;
    expect(await flow.callback(back, { query })).toEqual(UNTRUSTED);
    await expectUntouched();
  });

  it('rejects a signed state that is not stored', async () => {
    const back = await backFrom();
    back.searchParams.set('state', mintState(flow.get(Keyring)).reveal());
    expect(await flow.callback(back)).toEqual(UNTRUSTED);
    await expectUntouched();
  });

  it('comes to the path of another platform, and the right one still works', async () => {
    const back = await backFrom();
    expect(await flow.callback(back, { provider: 'tiktok' })).toEqual(UNTRUSTED);
    expect(await flow.callback(back, { provider: 'myspace' })).toEqual(UNTRUSTED);
    await expectUntouched();
    expect(await flow.callback(back)).toEqual(to(`${RETURN_URL}?connected=x`));
  });

  it('comes to the path of all apps, or of another app, where its app has one of its own', async () => {
    const [own, other] = [
      await flow.app('x', { redirectUriStyle: 'app' }),
      await flow.app('x', { redirectUriStyle: 'app' }),
    ];
    const back = await backFrom('x', { oauthAppId: own });
    expect(back.pathname).toMatch(/\/callback\/oa_[0-9a-z]{26}$/);
    expect(await flow.callback(back, { oauthAppId: undefined })).toEqual(UNTRUSTED);
    expect(await flow.callback(back, { oauthAppId: other })).toEqual(UNTRUSTED);
    await expectUntouched();
    expect(await flow.callback(back, { oauthAppId: own })).toEqual(to(`${RETURN_URL}?connected=x`));
  });

  it('comes to the path of an app where its app has none of its own', async () => {
    const back = await backFrom();
    const { id } = await flow.one<{ id: string }>(
      `select id from oauth_apps where workspace_id = $1 and provider = 'x'`,
      [flow.tenant.workspaceId],
    );
    expect(await flow.callback(back, { oauthAppId: id })).toEqual(UNTRUSTED);
    await expectUntouched();
  });
});

describe('the answer of the platform at the callback', () => {
  it.each([
    ['invalid_scope', 'app_misconfigured'],
    ['temporarily_unavailable', 'provider_unavailable'],
    ['constructor', 'exchange_failed'],
  ])('the platform error %s is reported as %s', async (error, reason) => {
    const { state } = await flow.start('x');
    const back = new URL(`${PUBLIC_URL}/v1/oauth/x/callback?error=${error}&state=${state}`);
    expect(await flow.callback(back)).toEqual(failed(reason));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: reason, sealed: false }]);
  });

  it('an empty callback is reported as a failed exchange', async () => {
    const { state } = await flow.start('x');
    expect(await flow.callback(new URL(`${PUBLIC_URL}/v1/oauth/x/callback?state=${state}`))).toEqual(
      failed('exchange_failed'),
    );
  });

  it.each([
    ['a platform that fails', { status: 503 }, 'provider_unavailable'],
    ['a client that is refused', { status: 401, body: { error: 'invalid_client' } }, 'app_misconfigured'],
    ['a lost answer', { drop: 'after' as const }, 'exchange_failed'],
    ['an answer without tokens', { status: 200, body: { hello: 'world' } }, 'exchange_failed'],
  ])('a refusal of the token endpoint, %s, ends the attempt after one request', async (_, fault, reason) => {
    const back = await backFrom();
    await flow.fault({ endpoint: 'token', ...fault });
    expect(await flow.callback(back)).toEqual(failed(reason));
    expect(await attemptsOf(flow)).toMatchObject([{ status: 'failed', error: reason, sealed: false }]);
    expect(await flow.calls('token')).toHaveLength(1);
    expect(await accounts()).toEqual([]);
  });

  it('a refused client id or secret marks the app, with one event', async () => {
    await flow.fault({ endpoint: 'token', times: 2, status: 401, body: { error: 'invalid_client' } });
    await flow.callback(await backFrom());
    await flow.callback(await backFrom());
    const statuses = (await tenantEvents(flow)).filter(({ type }) => type === 'oauth_app.status_changed');
    expect(statuses).toMatchObject([{ data: { status: 'misconfigured' } }]);
    expect(await flow.callback(await backFrom())).toEqual(to(`${RETURN_URL}?connected=x`));
    expect(
      await flow.one('select status from oauth_apps where workspace_id = $1 and provider = $2', [
        flow.tenant.workspaceId,
        'x',
      ]),
    ).toEqual({ status: 'active' });
  });
});
