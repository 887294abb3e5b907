import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, Backend, until } from '../support/backend.js';
import { session } from '../support/service.js';
import { OwnOAuth } from '../support/supplied-tokens.js';

interface Call {
  seq: number;
  grant_type?: string;
  persona?: string;
  outcome: string;
}

type Manual = Account & { connection_type: string };

const PERSONA = 'unicode-handle';

let backend: Backend;
let own: OwnOAuth;
let app: { id: string; client_id: string; redirect_uri: string };
beforeAll(async () => {
  const service = session();
  backend = await Backend.ofNewCustomer(service);
  const made = { provider: 'x', name: 'ours', client_id: 'manual-e2e', client_secret: 'shh' };
  app = (await backend.post('/v1/oauth-apps', made)).body as typeof app;
  own = new OwnOAuth(service.sandboxUrl, 'x', { clientId: app.client_id, redirectUri: app.redirect_uri });
});

/** The calls that the platform got for the person since. */
const callsOf = async (endpoint: string, since: number): Promise<Call[]> =>
  ((await backend.control('GET', `/calls?provider=x&endpoint=${endpoint}&since=${since}`)).body as Call[]).filter(
    ({ persona }) => persona === PERSONA,
  );

const latest = async (): Promise<number> =>
  ((await backend.control('GET', '/calls?endpoint=all')).body as Call[]).at(-1)?.seq ?? 0;

async function supply(more: object = {}): Promise<{ status: number; body: Manual }> {
  const { access_token, refresh_token } = await own.tokens(PERSONA);
  return backend.post('/v1/accounts', {
    provider: 'x',
    platform_account_id: await own.userId(access_token),
    credentials: { access_token, refresh_token, ...more },
    oauth_app_id: app.id,
  });
}

describe('an account with supplied tokens', () => {
  it('is refreshed by the worker, probed, replaced by a consent and back, and revoked at the platform', async () => {
    const since = await latest();
    const made = await supply({ expires_at: '2026-01-01T00:00:00Z' });
    expect([made.status, made.body.connection_type, made.body.health]).toEqual([201, 'manual', 'degraded']);
    const { id } = made.body;

    const refreshed = await backend.accountUntil(id, ({ health }) => health === 'active', 45);
    expect(refreshed.last_refreshed_at).not.toBeNull();
    const exchanges = await callsOf('token', since);
    expect(exchanges.filter((call) => call.grant_type === 'refresh_token')).toMatchObject([{ outcome: 'ok' }]);

    expect(await backend.post(`/v1/accounts/${id}/probe`)).toMatchObject({ status: 200, body: { health: 'active' } });

    expect(await backend.connect('x', PERSONA)).toMatchObject({ id, connection_type: 'oauth' });
    const again = await supply();
    expect([again.status, again.body.id, again.body.connection_type]).toEqual([200, id, 'manual']);

    const before = await latest();
    expect((await backend.delete(`/v1/accounts/${id}`)).status).toBe(204);
    const revoked = await until(
      () => callsOf('revoke', before),
      (calls) => calls.some(({ outcome }) => outcome === 'ok'),
      40,
    );
    expect(revoked).toContainEqual(expect.objectContaining({ outcome: 'ok' }));
    expect((await supply()).body.id).not.toBe(id);
  }, 150_000);
});
