import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ConnectedAccount,
  ProjectsCustomer,
  RETURN_URL,
  type StartedOAuth,
} from '../support/projects-customer.js';
import { session } from '../support/service.js';

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
