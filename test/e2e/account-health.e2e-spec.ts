import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, Backend, type Reply } from '../support/backend.js';
import { session } from '../support/service.js';

let backend: Backend;
const accounts: Record<string, Account> = {};

/** Platform and persona of each account, by the name that the tests use. */
const CONNECTED: Record<string, [provider: string, persona: string]> = {
  well: ['x', 'happy'],
  unrefreshable: ['linkedin', 'no-refresh-token'],
  incomplete: ['tiktok', 'partial-consent'],
  suspended: ['instagram', 'suspended'],
  checked: ['instagram', 'checkpoint'],
  roleLost: ['facebook', 'page-role-lost'],
  failing: ['x', 'flaky'],
  throttled: ['x', 'rate-limited'],
  unanswered: ['x', 'lost-answer'],
  revoked: ['x', 'paula'],
  passwordChanged: ['instagram', 'password-changed'],
  professional: ['instagram', 'happy'],
  gone: ['tiktok', 'mei'],
};

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  for (const provider of ['x', 'tiktok', 'instagram', 'facebook', 'linkedin']) await backend.app(provider);
  for (const provider of ['x', 'instagram']) await setApp(provider, { access_ttl_seconds: 3_600 });
  for (const [name, [provider, persona]] of Object.entries(CONNECTED)) {
    accounts[name] = await backend.connect(provider, persona);
  }
}, 120_000);

afterAll(async () => {
  await backend.control('DELETE', '/faults');
  const { items } = (await backend.get('/v1/accounts?limit=100')).body as { items: Account[] };
  for (const { id } of items) await backend.delete(`/v1/accounts/${id}`);
});

/** Changes how the sandbox treats the customer's app. */
async function setApp(provider: string, settings: object): Promise<void> {
  const [app] = (await backend.get(`/v1/oauth-apps?provider=${provider}`)).body as [{ client_id: string }];
  await backend.control('POST', '/apps', { provider, client_id: app.client_id, ...settings });
}
const idOf = (name: string): string => accounts[name]!.id;
const refresh = (name: string): Promise<Reply> => backend.post(`/v1/accounts/${idOf(name)}/refresh`);
const probe = (name: string): Promise<Reply> => backend.post(`/v1/accounts/${idOf(name)}/probe`);
const report = (name: string): Promise<Reply> => backend.get(`/v1/accounts/${idOf(name)}/health`);
const problem = ({ status, body, headers }: Reply): [number, string, boolean] => [
  status,
  (body as { code: string }).code,
  Number(headers.get('retry-after')) >= 1,
];
const refreshCalls = async (persona: string): Promise<number> =>
  (await backend.calls('provider=x&endpoint=token')).filter(
    (call) => call.persona === persona && call.grant_type === 'refresh_token',
  ).length;

/** Waits for the worker, then compares account, health report and recommendation. */
async function expectHealth(name: string, health: string, reason: string | null, advice: string): Promise<void> {
  await backend.accountUntil(idOf(name), (now) => now.health === health && now.health_reason === reason, 40);
  const { status, body } = await report(name);
  expect([status, body]).toMatchObject([
    200,
    { id: idOf(name), health, health_reason: reason, recommendation: advice },
  ]);
}

describe('The health of an account, at once', () => {
  it('active: it is usable, and nothing is to be done', () => expectHealth('well', 'active', null, 'none'));

  it('expiring with token_unrefreshable: it ends within 7 days and nothing can prolong it', async () => {
    await expectHealth('unrefreshable', 'expiring', 'token_unrefreshable', 'reconnect_soon');
    const { token_expires_at: end, ...rest } = (await backend.account(idOf('unrefreshable'))) as Account & {
      reauth_due_at: string;
    };
    expect([rest.reauth_due_at, end]).toEqual([end, expect.any(String)]);
  });

  it('missing_permissions with scope_missing: a required scope was not granted', () =>
    expectHealth('incomplete', 'missing_permissions', 'scope_missing', 'reconnect_with_all_permissions'));

  it('disconnected: it was revoked through this service', async () => {
    await backend.delete(`/v1/accounts/${idOf('gone')}`);
    await expectHealth('gone', 'disconnected', null, 'connect_again');
  });
});

describe('GET /v1/accounts/{id}/health', () => {
  it('answers 200 with token, provisioning, probe, recommendation and the last events, and calls no platform', async () => {
    const before = (await backend.calls()).at(-1)?.seq;
    const { status, body } = await report('well');
    const account = (await backend.account(idOf('well'))) as Account & Record<string, unknown>;
    expect([status, body]).toEqual([
      200,
      {
        id: idOf('well'),
        health: 'active',
        health_reason: null,
        token: {
          state: 'valid',
          expires_at: account.token_expires_at,
          refresh_expires_at: account.refresh_expires_at,
          last_refreshed_at: null,
          next_refresh_at: account.next_refresh_at,
          last_error: null,
        },
        provisioning: { state: 'ready', steps: [] },
        probe: { state: 'ok', at: account.last_probed_at, next_at: expect.any(String) },
        recommendation: 'none',
        events: [expect.objectContaining({ type: 'account.connected', account_id: idOf('well') })],
      },
    ]);
    const after = (await backend.calls()).filter(({ seq, persona }) => seq > (before ?? 0) && persona === 'happy');
    expect(after).toEqual([]);
  });

  it('answers 404 account.not_found for an unknown account', async () => {
    const answer = await backend.get('/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/health');
    expect(problem(answer)).toEqual([404, 'account.not_found', false]);
  });
});

describe('The health of an account, after half a minute', () => {
  beforeAll(() => backend.pass(35));

  it.each(['roleLost', 'suspended', 'checked'])(
    'degraded with refresh_unconfirmed: one answer changes no more than that (%s)',
    async (name) => {
      await probe(name);
      await expectHealth(name, 'degraded', 'refresh_unconfirmed', 'wait');
    },
  );
});

describe('POST /v1/accounts/{id}/probe', () => {
  const fault = (plan: object): Promise<Reply> =>
    backend.control('POST', '/faults', { provider: 'instagram', ...plan });

  it('probes at the platform now, and answers 200 with what GET …/health answers', async () => {
    const before = (await backend.calls('provider=instagram&endpoint=identity')).at(-1)?.seq ?? 0;
    const { status, body } = await probe('checked');
    expect([status, body]).toEqual([200, (await report('checked')).body]);
    const calls = await backend.calls(`provider=instagram&endpoint=identity&since=${before}`);
    expect(calls.some(({ persona }) => persona === 'checkpoint')).toBe(true);
  });

  it('answers 502 provider.unavailable with Retry-After where the platform fails, and the health stays', async () => {
    await fault({ endpoint: 'identity', status: 503, times: 20 });
    expect(problem(await probe('suspended'))).toEqual([502, 'provider.unavailable', true]);
    await backend.control('DELETE', '/faults');
    expect((await report('suspended')).body).toMatchObject({ health: 'degraded' });
  });

  it('answers 404 for a disconnected account', async () => {
    expect(problem(await probe('gone'))).toEqual([404, 'account.not_found', false]);
  });
});

describe('POST /v1/accounts/{id}/refresh', () => {
  beforeAll(async () => {
    await backend.pass(27);
    expect((await refresh('passwordChanged')).status).toBe(409);
  });

  it('joins a refresh that runs: five callers, one call at the platform, one answer 200', async () => {
    const before = await refreshCalls('happy');
    await backend.control('POST', '/faults', { provider: 'x', endpoint: 'token', delay_ms: 1_000, times: 1 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh('well')));
    const { token_expires_at } = await backend.account(idOf('well'));
    for (const { status, body } of answers)
      expect([status, body]).toEqual([200, { id: idOf('well'), health: 'active', token_expires_at }]);
    expect(token_expires_at).not.toBe(accounts.well!.token_expires_at);
    expect((await refreshCalls('happy')) - before).toBe(1);
  });

  it('answers with what is stored within 60 seconds of the last success, and sends nothing', async () => {
    const before = await refreshCalls('happy');
    const { token_expires_at } = await backend.account(idOf('well'));
    expect(await refresh('well')).toMatchObject({ status: 200, body: { token_expires_at } });
    expect(await refreshCalls('happy')).toBe(before);
  });

  it('answers 409 account.not_refreshable where there is nothing to refresh with', async () => {
    expect(problem(await refresh('unrefreshable'))).toEqual([409, 'account.not_refreshable', false]);
  });

  it('answers 502 provider.unavailable where the platform failed, and the account is never needs_reauth for it', async () => {
    expect(problem(await refresh('failing'))).toEqual([502, 'provider.unavailable', true]);
    await expectHealth('failing', 'degraded', 'provider_unavailable', 'wait');
  });

  it('answers 409 account.refresh_failed where the platform refused the grant, though it is not confirmed yet', async () => {
    await backend.control('POST', '/users/paula/revoke', { provider: 'x' });
    expect(problem(await refresh('revoked'))).toEqual([409, 'account.refresh_failed', false]);
    await expectHealth('revoked', 'degraded', 'refresh_unconfirmed', 'wait');
  });

  it.each([
    ['disconnected', () => idOf('gone')],
    ['unknown', () => 'acc_01h455vb4pex5vsknk084sn02q'],
  ])('answers 404 account.not_found for an account that is %s', async (_what, id) => {
    expect(problem(await backend.post(`/v1/accounts/${id()}/refresh`))).toEqual([404, 'account.not_found', false]);
  });
});

describe('The health of an account, after its refresh', () => {
  it('degraded with rate_limited: the platform throttles', async () => {
    await refresh('throttled');
    await expectHealth('throttled', 'degraded', 'rate_limited', 'wait');
  });

  it('degraded with refresh_outcome_unknown: the answer to a one-time refresh was lost, and the resend is refused', async () => {
    await refresh('unanswered');
    await expectHealth('unanswered', 'degraded', 'refresh_outcome_unknown', 'wait');
  });
});

describe('The health of an account, after two minutes', () => {
  beforeAll(async () => {
    await backend.pass(61);
    for (const name of ['roleLost', 'suspended', 'checked']) await probe(name);
  });

  it('restricted with suspended: the platform requires an action of its owner', () =>
    expectHealth('suspended', 'restricted', 'suspended', 'act_at_platform'));

  it('restricted with checkpoint: the platform requires a confirmation of its owner', () =>
    expectHealth('checked', 'restricted', 'checkpoint', 'act_at_platform'));

  it('needs_reauth with grant_revoked: the person removed the app, as a second check confirmed', async () => {
    await expectHealth('revoked', 'needs_reauth', 'grant_revoked', 'reconnect');
    expect((await report('revoked')).body).toMatchObject({
      token: { state: 'revoked', last_error: expect.any(String) },
    });
    expect(problem(await refresh('revoked'))).toEqual([409, 'account.refresh_failed', false]);
  });

  it('needs_reauth with refresh_outcome_unknown: a second check is refused as well', () =>
    expectHealth('unanswered', 'needs_reauth', 'refresh_outcome_unknown', 'reconnect'));

  it('needs_reauth with token_unrefreshable: it has ended, and there was nothing to refresh it with', () =>
    expectHealth('unrefreshable', 'needs_reauth', 'token_unrefreshable', 'reconnect'));

  it('needs_reauth with role_lost: the platform has ended the token of the Page with the role', () =>
    expectHealth('roleLost', 'needs_reauth', 'role_lost', 'reconnect'));

  it('needs_reauth with password_changed: the person changed the password', () =>
    expectHealth('passwordChanged', 'needs_reauth', 'password_changed', 'reconnect'));

  it('active again: an account whose platform answers again recovers automatically', () =>
    expectHealth('failing', 'active', null, 'none'));
});

describe('The health of an account, after four minutes', () => {
  const missing = { code: 100, error_subcode: 33, message: 'Unsupported get request.', type: 'GraphMethodException' };

  beforeAll(async () => {
    await backend.app('pinterest');
    accounts.refused = await backend.connect('pinterest', 'omar');
    await setApp('pinterest', { client_secret: 'another one' });
    const fault = { provider: 'instagram', endpoint: 'identity', status: 400, body: { error: missing }, times: 50 };
    await backend.control('POST', '/faults', fault);
    await probe('professional');
    await backend.pass(121);
    await probe('professional');
    await backend.control('DELETE', '/faults');
  });

  it('missing_permissions with role_lost: the token is good, and the role is missing', () =>
    expectHealth('professional', 'missing_permissions', 'role_lost', 'reconnect_with_all_permissions'));

  it('degraded with app_misconfigured once its token has ended: the app is to be corrected', () =>
    expectHealth('refused', 'degraded', 'app_misconfigured', 'fix_oauth_app'));

  it('POST …/refresh answers 503 oauth_app.paused with Retry-After where its app is refused, which the app shows', async () => {
    expect(problem(await refresh('refused'))).toEqual([503, 'oauth_app.paused', true]);
    const [app] = (await backend.get('/v1/oauth-apps?provider=pinterest')).body as object[];
    expect(app).toMatchObject({ status: 'misconfigured', status_reason: expect.any(String) });
  });

  it('POST …/probe answers 503 oauth_app.paused with Retry-After where the platform refuses the app, and the health stays', async () => {
    const { health, health_reason } = (await report('professional')).body as Account;
    const before = { health, health_reason };
    const message = 'API access deactivated. To reactivate, go to the app dashboard.';
    const body = { error: { message, type: 'OAuthException', code: 200 } };
    await backend.control('POST', '/faults', {
      provider: 'instagram',
      endpoint: 'identity',
      status: 200,
      body,
      times: 1,
    });
    expect(problem(await probe('professional'))).toEqual([503, 'oauth_app.paused', true]);
    expect((await report('professional')).body).toMatchObject(before);
  });
});
