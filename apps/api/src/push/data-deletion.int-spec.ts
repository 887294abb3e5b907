import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PushedApi } from '../../../../test/support/pushed-api.js';
import { NOW, OTHER, type PushedApp, signMeta, type Signing } from '../../../../test/support/signed-push.js';

let pushed: PushedApi;
beforeAll(async () => {
  pushed = await PushedApi.open();
});
afterAll(() => pushed.close());
beforeEach(() => pushed.begin());

describe("a request to delete a person's data", () => {
  let app: PushedApp;
  let id: string;
  let userId: string;
  beforeEach(async () => {
    app = await pushed.makeApp('instagram');
    id = await pushed.connect(app);
    userId = await pushed.platformUserOf(app);
  });
  const requestDeletion = (over: Parameters<Signing>[2] = {}): Promise<Response> =>
    pushed.send(signMeta(app, userId, { topic: 'data-deletion', ...over }));

  it('destroys personal data in the account and in its events, and keeps ids', async () => {
    const { platform_account_id } = await pushed.account(id);
    expect(await pushed.account(id)).toMatchObject({ handle: expect.any(String), metadata: { user_ref: 'user-1' } });
    expect((await requestDeletion()).status).toBe(200);
    expect(await pushed.account(id)).toMatchObject({
      ...{ id, platform_account_id, handle: null, display_name: null, avatar_url: null, metadata: {} },
      ...{ health: 'needs_reauth', health_reason: 'deauthorized_by_user' },
    });
    const events = await pushed.events(id);
    expect(events.map(({ type }) => type)).toEqual([
      'account.data_deleted',
      'connection.revoked',
      'account.health_changed',
      'account.connected',
    ]);
    expect(JSON.stringify(events)).not.toContain('user-1');
    const { rows: outbox } = await pushed.pool.query(
      'select payload from outbox join accounts on accounts.id = account_id join oauth_apps app on app.id = accounts.oauth_app_id where client_id = $1',
      [app.clientId],
    );
    expect([outbox.length, JSON.stringify(outbox)]).toEqual([4, expect.not.stringContaining('user-1')]);
    const attempts = await pushed.pool.query(
      'select user_ref, candidates from connect_attempts where platform_user_id = $1',
      [userId],
    );
    expect(attempts.rows).toEqual([{ user_ref: null, candidates: null }]);
  });

  it('is confirmed with a code, and with a page that needs no credential and reports it as done', async () => {
    const { url, confirmation_code: code } = (await (await requestDeletion()).json()) as {
      url: string;
      confirmation_code: string;
    };
    expect(code).toMatch(/^[0-9A-F]{20}$/);
    expect(url).toBe(`http://localhost:3000/data-deletion/${code}`);
    const page = await pushed.api.call(new URL(url).pathname);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('Your data were deleted');
  });

  it('gets the same code when repeated, and changes nothing', async () => {
    const at = NOW();
    const first = await (await requestDeletion({ at })).json();
    const before = await pushed.stored();
    expect(await (await requestDeletion({ at })).json()).toEqual(first);
    expect(await pushed.stored()).toBe(before);
  });

  it('comes after the person removed the app: then the rest goes', async () => {
    await pushed.send(signMeta(app, userId));
    expect(await pushed.account(id)).toMatchObject({ health: 'needs_reauth', handle: expect.any(String) });
    await requestDeletion();
    expect(await pushed.account(id)).toMatchObject({ handle: null, display_name: null });
  });

  it('reaches accounts that were disconnected before', async () => {
    await pushed.api.call(`/v1/accounts/${id}`, { method: 'DELETE', as: pushed.key });
    await requestDeletion();
    expect(await pushed.account(id)).toMatchObject({ health: 'disconnected', handle: null, metadata: {} });
  });

  it('is confirmed for an unknown person too, with nothing to delete', async () => {
    const answer = await pushed.send(signMeta(app, '4242', { topic: 'data-deletion' }));
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { url: expect.any(String), confirmation_code: expect.any(String) },
    ]);
  });

  it('gets 401 without a body for a wrong signature', () =>
    pushed.expectRefusal(signMeta(app, userId, { topic: 'data-deletion', secret: OTHER })));

  it('leaves what the person gave anew since, and probes at the platform', async () => {
    expect((await requestDeletion({ at: NOW() - 3_600 })).status).toBe(200);
    expect(await pushed.account(id)).toMatchObject({ health: 'active', handle: expect.any(String) });
  });

  it('has no page for an unknown code', async () => {
    const page = await pushed.api.call('/data-deletion/00000000000000000000');
    expect(page.status).toBe(404);
    expect(await page.text()).toContain('This code is unknown');
  });

  it('is requested at its own URL and no other', async () => {
    await pushed.expectRefusal(signMeta(app, userId, { topic: 'data_deletion' }));
    await pushed.expectRefusal({ ...signMeta(app, userId), path: `/v1/callbacks/meta/${app.id}` });
  });
});
