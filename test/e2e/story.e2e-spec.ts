import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, Backend, reply } from '../support/backend.js';
import { session } from '../support/service.js';

let backend: Backend;

/** A customer of its own, without the accounts that other files connect with the printed key. */
beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  for (const provider of ['x', 'tiktok']) {
    const app = {
      provider,
      name: provider,
      client_id: `story-${provider}-${Date.now()}`,
      client_secret: 'a-secret-of-a-test',
    };
    expect((await backend.post('/v1/oauth-apps', app)).status).toBe(201);
  }
});

describe('the first account of a new customer', () => {
  let account: Account;
  const now = (): Promise<Account> => backend.account(account.id);

  it('is connected by start, consent and callback', async () => {
    const returnUrl = encodeURIComponent(`${session().apiUrl}/connected`);
    const { authorize_url, state } = await backend.start('x', `?user_ref=user-7&return_url=${returnUrl}`);
    expect(await (await fetch(authorize_url)).text()).toContain('Hanna Happy');
    expect((await backend.get(`/v1/oauth/attempts/${state}`)).body).toMatchObject({
      status: 'pending',
      account_ids: [],
    });

    const back = await backend.decide(authorize_url);
    const landed = await reply(back, { redirect: 'manual' });
    expect([landed.status, landed.headers.get('location')]).toEqual([302, `${session().apiUrl}/connected?connected=x`]);
    expect(landed.headers.get('cache-control')).toBe('no-store');
    expect(landed.headers.get('referrer-policy')).toBe('no-referrer');
    expect((await reply(landed.headers.get('location')!)).body).toContain('<h1>Connected</h1>');

    const { body } = await backend.get(`/v1/oauth/attempts/${state}`);
    expect(body).toMatchObject({ status: 'completed', error: null, provider: 'x' });
    account = await backend.account((body as { account_ids: string[] }).account_ids[0]!);
    expect(account).toMatchObject({
      health: 'active',
      handle: 'hanna_happy',
      metadata: { user_ref: 'user-7' },
      last_refreshed_at: null,
    });
  });

  it('is in the list', async () => {
    const { status, body } = await backend.get('/v1/accounts?provider=x&q=HANNA');
    expect([status, body]).toMatchObject([200, { items: [{ id: account.id }], total: 1, next_cursor: null }]);
  });

  it('is kept valid by the worker', async () => {
    await backend.pass(102);
    const refreshed = await backend.accountUntil(account.id, ({ last_refreshed_at: at }) => at !== null);
    expect(refreshed.health).toBe('active');
    expect(Date.parse(refreshed.token_expires_at!)).toBeGreaterThan(Date.parse(account.token_expires_at!));
  });

  it('shows that the person removed the app, once it is refused again while the platform accepts another person', async () => {
    await backend.control('POST', '/users/happy/revoke', { provider: 'x' });
    await backend.pass(102);
    const doubted = await backend.accountUntil(account.id, ({ health }) => health !== 'active');
    expect([doubted.health, doubted.health_reason]).toEqual(['degraded', 'refresh_unconfirmed']);
    const revoked = await backend.confirmRefusals(account, 'omar');
    expect(revoked.health_reason).toBe('grant_revoked');
    const refused = await backend.post(`/v1/accounts/${account.id}/refresh`);
    expect([refused.status, refused.body]).toMatchObject([409, { code: 'account.refresh_failed' }]);
  });

  it('is the same one when the person connects again', async () => {
    const again = await backend.connect('x');
    expect(again).toMatchObject({ id: account.id, health: 'active', health_reason: null });
  });

  it('is gone after a disconnect, with its tokens, and its history can be read', async () => {
    expect((await backend.delete(`/v1/accounts/${account.id}`)).status).toBe(204);
    expect((await backend.delete(`/v1/accounts/${account.id}`)).status).toBe(404);
    expect((await backend.get('/v1/accounts?provider=x')).body).toMatchObject({ items: [], total: 0 });
    expect(await now()).toMatchObject({ health: 'disconnected' });
    const { body } = await backend.get(`/v1/accounts/${account.id}/events`);
    expect((body as { items: { type: string }[] }).items.map(({ type }) => type).toReversed()).toEqual([
      'account.connected',
      'account.refreshed',
      'account.health_changed',
      'account.health_changed',
      'connection.revoked',
      'account.reconnected',
      'account.health_changed',
      'account.disconnected',
    ]);
  });

  it('is a new one after that', async () => {
    expect((await backend.connect('x')).id).not.toBe(account.id);
  });
});

describe('another platform', () => {
  it('works in the same way, though its protocol differs', async () => {
    const account = await backend.connect('tiktok', 'paula');
    expect(account).toMatchObject({ provider: 'tiktok', health: 'active', handle: 'paula_plain' });
    await backend.pass(61);
    const refreshed = await backend.post(`/v1/accounts/${account.id}/refresh`);
    expect([refreshed.status, refreshed.body]).toMatchObject([200, { id: account.id, health: 'active' }]);
    expect((await backend.delete(`/v1/accounts/${account.id}`)).status).toBe(204);
  });
});

describe('another customer', () => {
  it('reads nothing of the first one, and cannot detect what exists', async () => {
    const account = await backend.connect('x', 'omar');
    const other = await Backend.ofNewCustomer(session());
    expect((await other.get('/v1/accounts')).body).toMatchObject({ items: [], total: 0 });
    for (const method of ['GET', 'DELETE']) {
      const unknown = await other.request(method, `/v1/accounts/${account.id.replace(/...$/, '000')}`);
      const foreign = await other.request(method, `/v1/accounts/${account.id}`);
      expect(foreign.status).toBe(404);
      expect({ ...(foreign.body as object), request_id: '' }).toEqual({ ...(unknown.body as object), request_id: '' });
    }
    expect(await backend.account(account.id)).toMatchObject({ health: 'active' });
  });
});
