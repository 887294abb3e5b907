import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ConnectedApi } from '../../../../test/support/connected-api.js';
import type { Answer } from '../../../../test/support/sandbox.js';
import { OwnOAuth, type SuppliedTokens } from '../../../../test/support/supplied-tokens.js';
import type { AccountView } from './account.schema.js';

type Created = AccountView & { code: string; detail: string; errors: { field: string; message: string }[] };

const REDIRECT_URI = 'https://own.example/callback';

let connected: ConnectedApi;
let own: OwnOAuth;
let tokens: SuppliedTokens;
let userId: string;

beforeAll(async () => {
  connected = await ConnectedApi.open();
  own = new OwnOAuth(connected.sandbox.url, 'x', { clientId: 'own-app', redirectUri: REDIRECT_URI });
  tokens = await own.tokens();
  userId = await own.userId(tokens.access_token);
});
afterAll(() => connected.close());
beforeEach(() => connected.sandbox.control('DELETE', '/faults'));

interface Overrides {
  credentials?: object;
  [field: string]: unknown;
}

const create = ({ credentials, ...overrides }: Overrides = {}, provider = 'x'): Promise<Answer<Created>> =>
  connected.post<Created>('/v1/accounts', {
    provider,
    platform_account_id: userId,
    credentials: { access_token: tokens.access_token, ...credentials },
    ...overrides,
  });

const disconnect = (id: string): Promise<Response> =>
  connected.api.call(`/v1/accounts/${id}`, { as: connected.key, method: 'DELETE' });

const counts = async (): Promise<unknown> =>
  (
    await connected.pool
      .query(`select (select count(*) from accounts) as accounts, (select count(*) from grants) as grants,
    (select count(*) from grant_tokens) as tokens, (select count(*) from account_events) as events`)
  ).rows;

describe('an account with supplied tokens', () => {
  it('is connected after the platform has named the profile, and a second time keeps its id', async () => {
    const made = await create({ handle: 'ours', metadata: { team: 'north' } });
    expect([made.status, made.body]).toEqual([
      201,
      expect.objectContaining({
        ...{ provider: 'x', platform_account_id: userId, handle: 'ours', display_name: expect.any(String) },
        ...{ health: 'active', health_reason: null, connection_type: 'manual', oauth_app_id: null, scopes: [] },
        ...{ token_expires_at: null, next_refresh_at: null, metadata: { team: 'north' } },
      }),
    ]);
    const again = await create({ metadata: { user_ref: 'u' } });
    expect([again.status, again.body.id, again.body.metadata]).toEqual([
      200,
      made.body.id,
      { team: 'north', user_ref: 'u' },
    ]);
    const { body } = await connected.get<{ items: { type: string }[] }>(`/v1/accounts/${made.body.id}/events`);
    expect(body.items.map(({ type }) => type)).toEqual(['account.reconnected', 'account.connected']);
    expect((await disconnect(made.body.id)).status).toBe(204);
    const anew = await create();
    expect([anew.status, anew.body.id === made.body.id]).toEqual([201, false]);
    await disconnect(anew.body.id);
  });

  it('takes platform for provider, and answers a repetition with the status of the first time', async () => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'one' };
    const body = JSON.stringify({
      platform: 'x',
      platform_account_id: userId,
      credentials: { access_token: tokens.access_token },
    });
    const send = (key: string): Promise<Response> =>
      connected.api.call('/v1/accounts', {
        as: connected.key,
        method: 'POST',
        headers: { ...headers, 'idempotency-key': key },
        body,
      });
    const answers = [await send('one'), await send('one'), await send('two'), await send('two')];
    expect(answers.map(({ status, headers: sent }) => [status, sent.get('idempotency-replayed')])).toEqual([
      [201, null],
      [201, 'true'],
      [200, null],
      [200, 'true'],
    ]);
    const views = (await Promise.all(answers.map((answer) => answer.json()))) as Created[];
    expect(new Set(views.map(({ id }) => id)).size).toBe(1);
    await disconnect(views[0]!.id);
  });

  it('is not stored where the token belongs to another person, or the platform refuses it', async () => {
    const before = await counts();
    const other = await create({ platform_account_id: '12345' });
    expect([other.status, other.body]).toEqual([
      422,
      expect.objectContaining({
        code: 'credentials.mismatch',
        errors: [{ field: 'platform_account_id', message: expect.any(String) }],
      }),
    ]);
    const refused = await create({ credentials: { access_token: 'not-a-token' } });
    expect([refused.status, refused.body.code, refused.body.errors[0]?.field]).toEqual([
      422,
      'credentials.rejected',
      'credentials.access_token',
    ]);
    expect(await counts()).toEqual(before);
  });

  it.each([
    [{ status: 503 }, 'provider_unavailable'],
    [{ status: 429 }, 'rate_limited'],
    [{ drop: 'before' }, 'provider_unavailable'],
  ])('is stored as degraded where the platform answers with %j, until a probe is accepted', async (fault, reason) => {
    await connected.sandbox.control('POST', '/faults', { provider: 'x', endpoint: 'identity', times: 1, ...fault });
    const { status, body } = await create();
    expect([status, body.health, body.health_reason]).toEqual([201, 'degraded', reason]);
    expect(await connected.post(`/v1/accounts/${body.id}/probe`)).toMatchObject({
      status: 200,
      body: { health: 'active', health_reason: null, probe: { state: 'ok' } },
    });
    await disconnect(body.id);
  });

  it('is stored without a call to the platform with verify false, and probed soon', async () => {
    const before = await connected.calls('identity');
    const { status, body } = await create({ verify: false, credentials: { access_token: 'not-a-token' } });
    expect([status, body.health, body.display_name, await connected.calls('identity')]).toEqual([
      201,
      'active',
      null,
      before,
    ]);
    const { rows } = await connected.pool.query(
      `select probe_due_at < db_now() + interval '10 seconds' as soon from accounts where health <> 'disconnected' order by id desc limit 1`,
    );
    expect(rows).toEqual([{ soon: true }]);
    expect((await connected.post(`/v1/accounts/${body.id}/probe`)).body).toMatchObject({
      health: 'degraded',
      health_reason: 'refresh_unconfirmed',
    });
    await disconnect(body.id);
  });

  it('reports the required scopes that its named scopes lack', async () => {
    const { body } = await create({ credentials: { scopes: ['tweet.read', 'users.read'] } });
    expect([body.health, body.health_reason, body.scopes]).toEqual([
      'missing_permissions',
      'scope_missing',
      ['tweet.read', 'users.read'],
    ]);
    await disconnect(body.id);
  });

  it('belongs to one tenant and one environment', async () => {
    const { body } = await create();
    const stranger = await connected.api.key({ workspace: 'stranger' });
    expect((await connected.api.call(`/v1/accounts/${body.id}`, { as: stranger })).status).toBe(404);
    const reader = await connected.api.key({ scopes: ['accounts:read'] });
    expect((await connected.api.post('/v1/accounts', reader, {})).status).toBe(403);
    await disconnect(body.id);
  });
});
