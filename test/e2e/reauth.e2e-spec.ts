import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { type Account, Backend, type Reply, reply } from '../support/backend.js';
import { session } from '../support/service.js';

interface Started {
  authorize_url: string;
  state: string | null;
  expires_at: string;
}

const ID = 'acc_01h455vb4pex5vsknk084sn02q';
const RETURN_URL = 'http://localhost:4999/connected';
const WEEK = 604_800;

let backend: Backend;
let account: Account;
let page: Account;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  await backend.app('x');
  await backend.app('facebook');
  account = await backend.connect('x', 'happy');
  page = await backend.connect('facebook', 'one-page');
});

afterAll(async () => {
  const { items } = (await backend.get('/v1/accounts?limit=100')).body as { items: Account[] };
  for (const { id } of items) await backend.delete(`/v1/accounts/${id}`);
});

const reauth = async (id: string, body?: object): Promise<Reply<Started>> =>
  (await backend.post(`/v1/accounts/${id}/reauth`, body)) as Reply<Started>;
const refused = ({ status, body }: Reply): [number, string] => [status, (body as { code: string }).code];
const returned = async (authorizeUrl: string, persona?: string): Promise<string> =>
  (await reply(await backend.decide(authorizeUrl, persona), { redirect: 'manual' })).headers.get('location') ?? '';
const eventsOf = async (id: string): Promise<string[]> =>
  ((await backend.get(`/v1/accounts/${id}/events`)).body as { items: { type: string }[] }).items.map(
    ({ type }) => type,
  );
const countAccounts = async (): Promise<number> =>
  ((await backend.get('/v1/accounts')).body as { total: number }).total;

/** The fields of an account that a probe may change at any time. */
const PROBED_FIELDS = ['health', 'health_reason', 'last_probed_at', 'reauth_due_at'];

describe('POST /v1/accounts/{id}/reauth', () => {
  it('answers 200 with authorize_url, state and expires_at; success binds the tokens to the same id and adds no account', async () => {
    const before = await countAccounts();
    const { status, body } = await reauth(account.id, { return_url: RETURN_URL });
    expect([status, body]).toEqual([
      200,
      { authorize_url: expect.any(String), state: expect.any(String), expires_at: expect.any(String) },
    ]);
    expect(await returned(body.authorize_url)).toBe(`${RETURN_URL}?connected=x`);
    expect((await backend.get(`/v1/oauth/attempts/${body.state}`)).body).toMatchObject({
      status: 'completed',
      account_ids: [account.id],
    });
    expect(await countAccounts()).toBe(before);
    expect(await eventsOf(account.id)).toEqual(['account.reconnected', 'account.connected']);
  });

  it('requests the given scopes', async () => {
    const { body } = await reauth(account.id, { scopes: ['tweet.read', 'users.read'] });
    expect(new URL(body.authorize_url).searchParams.get('scope')).toBe('tweet.read users.read');
  });

  it('fails with account_mismatch and changes nothing where another person signs in, or that Page is not granted', async () => {
    await backend.connect('facebook', 'many-pages');
    const [oneOfTwo] = ((await backend.get('/v1/accounts?q=page1')).body as { items: [Account] }).items;
    for (const [of, persona, query] of [
      [account, 'paula', ''],
      [page, 'many-pages', ''],
      [oneOfTwo, 'many-pages', '&sandbox_pages=1000022449951033'],
    ] as const) {
      const before = await backend.account(of.id);
      const { body } = await reauth(of.id, { return_url: RETURN_URL });
      expect(await returned(`${body.authorize_url}${query}`, persona)).toContain('oauth_error=');
      expect((await backend.get(`/v1/oauth/attempts/${body.state}`)).body).toMatchObject({
        status: 'failed',
        error: 'account_mismatch',
      });
      // At the platform the Page is not granted any more, and a probe may have noticed it already.
      const unchanged = Object.entries(before).filter(([name]) => query === '' || !PROBED_FIELDS.includes(name));
      expect(await backend.account(of.id)).toMatchObject(Object.fromEntries(unchanged));
    }
  });

  it('goes through the default app of the platform where the app of the account is gone', async () => {
    const spare = await backend.app('x');
    const { authorize_url } = await backend.start('x', `?oauth_app_id=${spare}`);
    await returned(authorize_url, 'mei');
    const [own] = ((await backend.get('/v1/accounts?q=mei')).body as { items: [Account] }).items;
    expect((await backend.delete(`/v1/oauth-apps/${spare}?force=true`)).status).toBe(204);
    const { body } = await reauth(own.id);
    const [app] = (await backend.get('/v1/oauth-apps?provider=x')).body as [{ id: string; client_id: string }];
    expect(new URL(body.authorize_url).searchParams.get('client_id')).toBe(app.client_id);
    await returned(body.authorize_url, 'mei');
    expect(await backend.account(own.id)).toMatchObject({ health: 'active', oauth_app_id: app.id });
  });

  it.each([
    [{ return_url: 'https://evil.example/' }, 'return_url.not_allowed'],
    [{ scopes: ['a"b'] }, 'scopes.invalid'],
    [{ expires_in: 600 }, 'validation.failed'],
    [{ expires_in: WEEK + 1 }, 'validation.failed'],
    [{ days: 3 }, 'validation.failed'],
  ])('answers 400 to %j', async (body, code) => {
    expect(refused(await reauth(account.id, body))).toEqual([400, code]);
  });

  it('answers 404 for a disconnected account and an unknown one', async () => {
    const { id } = await backend.connect('x', 'omar');
    await backend.delete(`/v1/accounts/${id}`);
    for (const one of [id, ID]) expect(refused(await reauth(one))).toEqual([404, 'account.not_found']);
  });
});

describe('GET /reauth/{token}', () => {
  it('is the authorize_url of a reauth with expires_in: a page with a button, which starts nothing', async () => {
    const { status, body } = await reauth(account.id, { expires_in: WEEK });
    expect([status, body]).toEqual([
      200,
      { authorize_url: expect.stringContaining('/reauth/'), state: null, expires_at: expect.any(String) },
    ]);
    const attempts =
      'select 1 from connect_attempts where workspace_id = (select workspace_id from accounts where id = $1)';
    const uuid = [TypeID.fromString(account.id).toUUID()];
    const before = await backend.query(attempts, uuid);
    for (const method of ['GET', 'HEAD', 'GET']) {
      const opened = await reply(body.authorize_url, { method, redirect: 'manual' });
      expect(opened.status).toBe(200);
      if (method === 'GET') expect(String(opened.body)).toContain('<button');
    }
    expect(await backend.query(attempts, uuid)).toHaveLength(before.length);
  });

  it('is 404 for an unknown token, and 410 once the link has ended with its account', async () => {
    const unknown = await reply(`${session().apiUrl}/reauth/${'a'.repeat(43)}`, {
      headers: { accept: 'application/json' },
    });
    expect(refused(unknown)).toEqual([404, 'reauth_link.not_found']);
    const { id } = await backend.connect('x', 'omar');
    const { body } = await reauth(id, { expires_in: 601 });
    await backend.delete(`/v1/accounts/${id}`);
    const ended = await reply(body.authorize_url, { headers: { accept: 'application/json' } });
    expect(refused(ended)).toEqual([410, 'reauth_link.ended']);
  });
});

describe('POST /reauth/{token}', () => {
  it('mints a state at each click and redirects 303 to the platform; the first success ends the link with account.reconnected', async () => {
    const { body } = await reauth(account.id, { expires_in: 601 });
    const click = (): Promise<Reply> => reply(body.authorize_url, { method: 'POST', redirect: 'manual' });
    const clicks = [await click(), await click()];
    expect(clicks.map(({ status }) => status)).toEqual([303, 303]);
    const [first, second] = clicks.map(({ headers }) => headers.get('location')!) as [string, string];
    expect(new URL(first).searchParams.get('state')).not.toBe(new URL(second).searchParams.get('state'));
    const before = (await eventsOf(account.id)).length;
    expect(await returned(second)).toContain('/connected?connected=x');
    const events = await eventsOf(account.id);
    expect([events.length - before, events[0]]).toEqual([1, 'account.reconnected']);
    expect((await click()).status).toBe(410);
  });
});
