import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Backend, type Reply } from '../support/backend.js';
import { signDashboardToken } from '../support/dashboard-token.js';
import {
  type ConnectedAccount,
  detailsOf,
  ProjectsCustomer,
  refusalOf,
  RETURN_URL,
  type StartedOAuth,
} from '../support/projects-customer.js';
import { session } from '../support/service.js';
import { OwnOAuth } from '../support/supplied-tokens.js';

let customer: ProjectsCustomer;
let connected: ConnectedAccount;

beforeAll(async () => {
  customer = await ProjectsCustomer.open(session());
  connected = await customer.connect();
});
afterEach(() => customer.backend.control('DELETE', '/faults'));
afterAll(() => customer.close());

const fault = (endpoint: string, fields: object): Promise<unknown> =>
  customer.backend.control('POST', '/faults', { provider: 'x', endpoint, ...fields });

/** How an attempt reads after the person has consented and the platform has answered with a failure. */
async function failureOf({ state, authorizeUrl }: StartedOAuth): Promise<unknown> {
  const landing = new URL(await customer.consent(authorizeUrl, 'happy'));
  const { status, body } = await customer.poll(state);
  expect([status, body.status]).toEqual([200, 'failed']);
  expect(body.error.code).toBe(landing.searchParams.get('layers_oauth_error'));
  return body.error;
}

describe('GET /v1/social/oauth-status/{state}', () => {
  const message = expect.stringMatching(/\.$/);

  it("answers 200 failed with the platform's code, cleaned and at most 100 characters, where it refuses the code", async () => {
    await fault('token', { status: 400, body: { error: `bad\u0000\n${'x'.repeat(5_000)}` } });
    expect(await failureOf(await customer.start(connected.project))).toEqual({
      code: 'exchange_failed',
      message,
      details: { platformCode: `bad${'x'.repeat(97)}` },
    });
  });

  it("answers 200 failed with the platform's code where it refuses the app", async () => {
    await fault('token', { status: 400, body: { error: 'redirect_uri_mismatch' } });
    expect(await failureOf(await customer.start(connected.project))).toEqual({
      code: 'app_misconfigured',
      message,
      details: { platformCode: 'redirect_uri_mismatch' },
    });
  });

  it("answers 200 failed with the platform's code for a reauthorization, and the account stays as it was", async () => {
    const path = `/v1/projects/${connected.project}/social/reauth-url`;
    const body = { socialAccountId: connected.account, returnUrl: RETURN_URL };
    const started = (await customer.backend.post(path, body)).body as StartedOAuth;
    await fault('token', { status: 400, body: { error: 'bad_verification_code' } });
    expect(await failureOf(started)).toMatchObject({ details: { platformCode: 'bad_verification_code' } });
    const health = await customer.backend.get(`/v1/social-accounts/${connected.account}/health`);
    expect(health.body).toMatchObject({ status: 'connected', recommendation: 'none' });
  });

  it('answers 200 failed without details where no platform has refused anything', async () => {
    const { state, authorizeUrl } = await customer.start(connected.project);
    await customer.consent(authorizeUrl, 'happy', 'deny');
    expect((await customer.poll(state)).body.error).toEqual({ code: 'access_denied', message });
  });
});

describe('GET /v1/social-accounts/{id}/health', () => {
  it("answers 200 with the platform's code of the last refused refresh in token.lastError", async () => {
    const { account } = await customer.connect('mei', connected.project);
    await fault('token', { status: 400, body: { error: `bad\u0000word` }, times: 9 });
    await customer.backend.pass(61);
    await customer.backend.post(`/v1/accounts/${account.replace('sa_', 'acc_')}/refresh`);
    const { body } = await customer.backend.get(`/v1/social-accounts/${account}/health`);
    expect(body).toMatchObject({ token: { lastError: 'badword' } });
  });
});

describe('POST /v1/operator/pool', () => {
  let operator: Backend;
  let own: OwnOAuth;
  let app: { id: string; client_id: string; redirect_uri: string };

  beforeAll(async () => {
    operator = new Backend(session(), await signDashboardToken(session().home, customer.workspace, ['operator']));
    const [{ id }] = (await customer.backend.get('/v1/oauth-apps')).body as [{ id: string }];
    app = (await customer.backend.get(`/v1/oauth-apps/${id}`)).body as typeof app;
    const { client_id: clientId, redirect_uri: redirectUri } = app;
    own = new OwnOAuth(session().sandboxUrl, 'x', { clientId, redirectUri, clientSecret: 'a-secret-of-a-test' });
  });

  const fill = (body: object): Promise<Reply> =>
    operator.request('POST', '/v1/operator/pool', {
      body: JSON.stringify({ platform: 'x', ...body }),
      headers: { 'content-type': 'application/json', 'x-environment': 'test' },
    });
  const supplied = async (): Promise<object> => {
    const { access_token: accessToken } = await own.tokens('unicode-handle');
    return { platformAccountId: await own.userId(accessToken), credentials: { accessToken } };
  };

  it('answers 200 with the same id to new tokens of a profile that is in the pool', async () => {
    const added = await fill(await supplied());
    const again = await fill(await supplied());
    expect([added.status, again.status, again.body.leasedAccountId]).toEqual([201, 200, added.body.leasedAccountId]);
  });

  it('answers 409 where the operator has no app of the platform', async () => {
    expect(refusalOf(await fill({ platform: 'pinterest', connect: true }))).toEqual([409, 'CONFLICT']);
  });

  it("answers 422 with the platform's code where it refuses the token", async () => {
    const body = { platformAccountId: '12345', credentials: { accessToken: 'not-a-token' } };
    const refused = await fill(body);
    expect(refusalOf(refused)).toEqual([422, 'VALIDATION']);
    expect(detailsOf(refused)).toMatchObject({ platformCode: 'http_401' });
  });

  it("answers 502 PLATFORM_ERROR with the platform's code where it fails while new tokens are checked", async () => {
    await fill(await supplied());
    const body = await supplied();
    await fault('identity', { status: 503, times: 9 });
    const failed = await fill(body);
    expect(refusalOf(failed)).toEqual([502, 'PLATFORM_ERROR']);
    expect(detailsOf(failed)).toEqual({ platformCode: 'http_503' });
    expect(Number(failed.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('POST /v1/projects/{projectId}/leased-accounts/request', () => {
  it('answers 409 to an Idempotency-Key that was used with another body', async () => {
    const leasing = await customer.withKey({ scopes: ['leases:write'] });
    const ask = (count: number): Promise<Reply> =>
      leasing.request('POST', `/v1/projects/${connected.project}/leased-accounts/request`, {
        body: JSON.stringify({ platform: 'x', count }),
        headers: { 'content-type': 'application/json', 'idempotency-key': 'one-request' },
      });
    expect((await ask(1)).status).toBe(202);
    expect(refusalOf(await ask(2))).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
  });
});

describe('POST /v1/operator/lease-requests/{id}/reject', () => {
  it('answers 409 to a request that is closed', async () => {
    const leasing = await customer.withKey({ scopes: ['leases:write'] });
    const path = `/v1/projects/${connected.project}/leased-accounts/request`;
    const { requestId } = (await leasing.post(path, { platform: 'x', count: 1 })).body as { requestId: string };
    const token = await signDashboardToken(session().home, customer.workspace, ['operator']);
    const reject = (): Promise<Reply> =>
      new Backend(session(), token).request('POST', `/v1/operator/lease-requests/${requestId}/reject`, {
        body: JSON.stringify({ reason: 'none left' }),
        headers: { 'content-type': 'application/json', 'x-environment': 'test' },
      });
    expect((await reject()).status).toBe(200);
    expect(refusalOf(await reject())).toEqual([409, 'CONFLICT']);
  });
});
