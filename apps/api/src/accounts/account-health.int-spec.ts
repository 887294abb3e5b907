import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi } from '../../../../test/support/connected-api.js';
import type { AccountHealthView } from './account-health.schema.js';

let connected: ConnectedApi;
let x: string;
let tiktok: string;

beforeAll(async () => {
  connected = await ConnectedApi.open();
  x = await connected.connect('x');
  tiktok = await connected.connect('tiktok');
});

afterAll(() => connected.close());

const health = async (id: string): Promise<AccountHealthView> =>
  (await connected.get<AccountHealthView>(`/v1/accounts/${id}/health`)).body;
const probe = (id: string) => connected.post<AccountHealthView & { code: string }>(`/v1/accounts/${id}/probe`);
const identityCalls = () => connected.calls('identity');
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

describe('the health of an account', () => {
  it('shows token, probes and history, and recommends nothing for a valid account', async () => {
    expect(await health(x)).toEqual({
      id: x,
      health: 'active',
      health_reason: null,
      token: {
        state: 'valid',
        expires_at: TIME,
        refresh_expires_at: null,
        last_refreshed_at: null,
        next_refresh_at: TIME,
        last_error: null,
      },
      provisioning: { state: 'ready', steps: [] },
      probe: { state: 'ok', at: TIME, next_at: TIME },
      recommendation: 'none',
      events: [expect.objectContaining({ type: 'account.connected', account_id: x, sequence: 1 })],
    });
  });

  it('sends no request to a platform', async () => {
    const before = await identityCalls();
    await health(x);
    expect(await identityCalls()).toBe(before);
  });

  it('has the last twenty events at the most, newest first', async () => {
    const id = await connected.connect('tiktok', 'unicode-handle');
    for (let again = 0; again < 20; again += 1) await connected.connect('tiktok', 'unicode-handle');
    const { events } = await health(id);
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, at) => 21 - at));
  });

  it('is for a credential of this tenant with accounts:read', async () => {
    const { api } = connected;
    expect((await api.call(`/v1/accounts/${x}/health`, { as: await api.key({ workspace: 'stranger' }) })).status).toBe(
      404,
    );
    expect(
      (await api.call(`/v1/accounts/${x}/health`, { as: await api.key({ scopes: ['oauth:write'] }) })).status,
    ).toBe(403);
    expect((await api.post(`/v1/accounts/${x}/probe`, await api.key({ scopes: ['accounts:read'] }), {})).status).toBe(
      403,
    );
    expect(await connected.get('/v1/accounts/acc_zz/health')).toMatchObject({
      status: 404,
      body: { code: 'account.not_found' },
    });
  });
});

describe('a probe', () => {
  it('probes at the platform, answers with the health, and counts as heavy', async () => {
    const before = await identityCalls();
    const answer = await probe(tiktok);
    expect(answer).toMatchObject({ status: 200, body: { id: tiktok, health: 'active', probe: { state: 'ok' } } });
    expect(answer.headers.get('ratelimit-policy')).toMatch(/^"heavy"/);
    expect(await identityCalls()).toBe(before + 1);
  });

  it('runs once in a UTC day where the platform bills by the day, the connection included', async () => {
    const before = await identityCalls();
    expect(await probe(x)).toMatchObject({ status: 200, body: { probe: { state: 'ok' } } });
    expect(await identityCalls()).toBe(before);
    const noon = new Date();
    noon.setUTCHours(36, 0, 0, 0);
    await connected.pass((noon.getTime() - Date.now()) / 1_000);
    expect((await connected.post(`/v1/accounts/${x}/refresh`)).status).toBe(200);
    const first = await probe(x);
    expect(first.body.probe.at).toMatch(new RegExp(`^${noon.toISOString().slice(0, 10)}T12:00`));
    expect((await probe(x)).body.probe).toEqual(first.body.probe);
    expect(await identityCalls()).toBe(before + 1);
  });

  it('returns 502 with Retry-After when the platform fails, and changes no account', async () => {
    await connected.post(`/v1/accounts/${tiktok}/refresh`);
    await connected.sandbox.control('POST', '/faults', {
      provider: 'tiktok',
      endpoint: 'identity',
      times: 1,
      status: 500,
    });
    const answer = await probe(tiktok);
    expect(answer).toMatchObject({ status: 502, body: { code: 'provider.unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(await health(tiktok)).toMatchObject({
      health: 'active',
      probe: { state: 'unavailable' },
      recommendation: 'none',
    });
  });

  it('is not made while the app is paused', async () => {
    const before = await identityCalls();
    await connected.pool.query(
      `update oauth_apps set status = 'paused', paused_until = db_now() + interval '90 seconds' where provider = 'tiktok'`,
    );
    const answer = await probe(tiktok);
    expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([
      503,
      'oauth_app.paused',
      '90',
    ]);
    await connected.pool.query(
      `update oauth_apps set status = 'active', paused_until = null where provider = 'tiktok'`,
    );
    expect(await identityCalls()).toBe(before);
  });

  it('leaves the decision after a refusal to a refresh, which is due at once', async () => {
    await connected.sandbox.control('POST', '/users/happy/revoke', { provider: 'tiktok' });
    const { status, body } = await probe(tiktok);
    expect([status, body.probe.state]).toEqual([200, 'refused']);
    expect(Date.parse(body.token.next_refresh_at ?? '')).toBeLessThanOrEqual(Date.parse(body.probe.at ?? ''));
    await connected.pass(61);
    expect((await connected.post(`/v1/accounts/${tiktok}/refresh`)).status).toBe(409);
    expect(await health(tiktok)).toMatchObject({
      health: 'degraded',
      health_reason: 'refresh_unconfirmed',
      recommendation: 'wait',
      token: { state: 'unknown' },
    });
  });
});

describe('an account whose token has ended', () => {
  it('reports the expired token, and a probe calls no platform', async () => {
    const id = await connected.connect('tiktok', 'ids-above-2-53');
    await connected.pass(2 * 86_400);
    const before = await identityCalls();
    expect(await probe(id)).toMatchObject({ status: 200, body: { token: { state: 'expired' } } });
    expect(await identityCalls()).toBe(before);
  });
});

describe('a disconnected account', () => {
  it('has a health, and cannot be probed', async () => {
    const id = await connected.connect('x', 'unicode-handle');
    await connected.api.call(`/v1/accounts/${id}`, { as: connected.key, method: 'DELETE' });
    expect(await health(id)).toMatchObject({
      health: 'disconnected',
      token: { state: 'revoked', next_refresh_at: null, last_error: null },
      probe: { next_at: null },
      recommendation: 'connect_again',
    });
    expect(await probe(id)).toMatchObject({ status: 404, body: { code: 'account.not_found' } });
  });
});
