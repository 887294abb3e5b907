import { beforeAll, describe, expect, it } from '@jest/globals';
import { Backend, until } from '../support/backend.js';
import { session } from '../support/service.js';

const RETURN_URL = 'http://localhost:4999/connected';

let backend: Backend;
beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  const made = await backend.post('/v1/oauth-apps', {
    provider: 'x',
    name: 'confirmed',
    client_id: 'confirmed-completion',
    client_secret: 'a secret',
    completion: 'confirm',
  });
  expect(made).toMatchObject({ status: 201, body: { completion: 'confirm' } });
});

/** The browser's way through the platform; returns what the backend finds at its return URL. */
async function consent(persona: string): Promise<{ state: string; connect_token: string }> {
  const { authorize_url, state } = await backend.start(
    'x',
    `?user_ref=42&return_url=${encodeURIComponent(RETURN_URL)}`,
  );
  const { headers } = await backend.request('GET', pathOf(await backend.decide(authorize_url, persona)));
  const landed = new URL(headers.get('location')!);
  expect(landed.origin + landed.pathname).toBe(RETURN_URL);
  expect(landed.searchParams.get('connected')).toBe('x');
  return { state, connect_token: landed.searchParams.get('connect_token')! };
}

const pathOf = (url: string): string => new URL(url).pathname + new URL(url).search;
const complete = (state: string, body: object) => backend.post(`/v1/oauth/attempts/${state}/complete`, body);

describe('POST /v1/oauth/attempts/{state}/complete', () => {
  it('makes the account exist once the backend has named its user', async () => {
    const { state, connect_token } = await consent('mei');
    expect((await backend.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({ status: 'confirmation_required' });
    expect((await backend.get('/v1/accounts')).body).toMatchObject({ total: 0 });
    const completed = await complete(state, { connect_token, user_ref: '42' });
    expect(completed).toMatchObject({ status: 200, body: { state, status: 'completed' } });
    expect(await backend.account(String(completed.body.account_ids[0]))).toMatchObject({ health: 'active' });
    expect(await complete(state, { connect_token, user_ref: '42' })).toMatchObject({
      status: 409,
      body: { code: 'attempt.not_confirmable' },
    });
  });

  it('destroys the tokens of a flow that another user finished, and revokes them at the platform', async () => {
    const since = ((await backend.control('GET', '/calls?endpoint=all')).body as { seq: number }[]).at(-1)?.seq ?? 0;
    const { state, connect_token } = await consent('omar');
    expect(await complete(state, { connect_token, user_ref: '43' })).toMatchObject({
      status: 409,
      body: { code: 'attempt.confirmation_mismatch', errors: [{ field: 'user_ref' }] },
    });
    const calls = await until(
      async () => (await backend.control('GET', `/calls?provider=x&endpoint=revoke&since=${since}`)).body as object[],
      (found) => found.length > 0,
    );
    expect(calls).toMatchObject([{ outcome: 'ok', persona: 'omar' }]);
    expect((await backend.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({
      status: 'failed',
      error: 'state_expired',
    });
  });

  it('refuses a start without a user_ref, by name', async () => {
    expect(await backend.get('/v1/oauth/x/start')).toMatchObject({
      status: 400,
      body: { code: 'user_ref.missing', errors: [{ field: 'user_ref' }] },
    });
  });
});
