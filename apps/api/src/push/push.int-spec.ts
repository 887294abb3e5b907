import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';
import { TestSandbox } from '../../../../test/support/sandbox.js';
import {
  hmac,
  NOW,
  OTHER,
  type PushedApp as App,
  SECRET,
  type Sent,
  signMeta,
  signTiktok,
  signX,
  type Signing,
} from '../../../../test/support/signed-push.js';

let api: TestApi;
let sandbox: TestSandbox;
let pool: pg.Pool;
let key: string;

beforeAll(async () => {
  sandbox = await TestSandbox.start();
  api = await openTestApi({ SANDBOX_URL: sandbox.url });
  pool = new pg.Pool({ connectionString: api.database.url });
});
afterAll(async () => {
  await pool.end();
  await api.close();
  await sandbox.stop();
});

let workspaces = 0;
beforeEach(async () => {
  await sandbox.control('DELETE', '');
  workspaces += 1;
  key = await api.key({ workspace: `pushed-${workspaces}` });
});

async function makeApp(provider: string, clientId = `${provider}-app-${workspaces}`, as = key): Promise<App> {
  const body = {
    provider,
    name: 'an app',
    client_id: clientId,
    client_secret: SECRET,
    allowed_return_urls: ['https://shop.example/'],
  };
  const { id } = (await (await api.post('/v1/oauth-apps', as, body)).json()) as { id: string };
  return { id, clientId, provider };
}

/** The real way through: start, consent, callback. The id of the first account. */
async function connect({ provider, id }: App, { persona = 'happy', query = '', as = key } = {}): Promise<string> {
  const started = await api.call(`/v1/oauth/${provider}/start?oauth_app_id=${id}&user_ref=user-1${query}`, { as });
  const { authorize_url, state } = (await started.json()) as { authorize_url: string; state: string };
  const decided = await fetch(`${authorize_url}&sandbox_user=${persona}&sandbox_decision=approve`, {
    redirect: 'manual',
  });
  const back = new URL(decided.headers.get('location')!);
  await api.call(`${back.pathname}${back.search}`);
  const attempt = (await (await api.call(`/v1/oauth/attempts/${state}`, { as })).json()) as { account_ids: string[] };
  return attempt.account_ids[0]!;
}

const read = async (path: string): Promise<unknown> => (await api.call(path, { as: key })).json();
const account = async (id: string): Promise<Record<string, unknown>> =>
  (await read(`/v1/accounts/${id}`)) as Record<string, unknown>;
const items = async (path: string): Promise<{ type: string }[]> =>
  ((await read(path)) as { items: { type: string }[] }).items;
const events = (id: string): Promise<{ type: string }[]> => items(`/v1/accounts/${id}/events`);

/** Whom the platform knows by the one grant of an app. */
async function platformUserOf({ clientId }: App): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    'select platform_user_id as id from grants join oauth_apps on oauth_apps.id = oauth_app_id where client_id = $1',
    [clientId],
  );
  return rows[0]!.id;
}

/** How many sealed tokens hang on an app: pairs, and those of Pages. */
async function tokensOf({ clientId }: App): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select (select count(*)::int from grant_tokens join grants on id = grant_id where oauth_app_id = app.id)
       + (select count(*)::int from account_tokens join accounts on id = account_id where oauth_app_id = app.id) as count
     from oauth_apps app where client_id = $1`,
    [clientId],
  );
  return rows[0]!.count;
}

const send = ({ path, headers, body }: Sent): Promise<Response> => api.call(path, { method: 'POST', headers, body });

/** Everything stored that a push could change. */
async function stored(): Promise<string> {
  const tables = [
    'grants',
    'grant_tokens',
    'accounts',
    'account_tokens',
    'account_events',
    'outbox',
    'data_deletions',
    'connect_attempts',
  ];
  const rows = await Promise.all(
    tables.map(async (table) => (await pool.query(`select * from ${table} order by 1`)).rows as unknown[]),
  );
  return JSON.stringify(rows);
}

async function silent(sent: Sent): Promise<void> {
  const before = await stored();
  const answer = await send(sent);
  expect([answer.status, await answer.text()]).toEqual([401, '']);
  expect(await stored()).toBe(before);
}

const platforms: [provider: string, sign: Signing][] = [
  ['x', signX],
  ['tiktok', signTiktok],
  ['instagram', signMeta],
  ['facebook', signMeta],
];

describe.each(platforms)('a push of %s', (provider, sign) => {
  let app: App;
  let id: string;
  let userId: string;
  beforeEach(async () => {
    app = await makeApp(provider);
    id = await connect(app, { persona: provider === 'facebook' ? 'many-pages' : 'happy' });
    userId = await platformUserOf(app);
  });

  it('ends the grant at once: the account needs its person again, and says why', async () => {
    const answer = await send(sign(app, userId));
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(await account(id)).toMatchObject({
      health: 'needs_reauth',
      health_reason: 'deauthorized_by_user',
      next_refresh_at: null,
    });
    expect((await events(id)).map(({ type }) => type)).toEqual([
      'connection.revoked',
      'account.health_changed',
      'account.connected',
    ]);
    expect(await tokensOf(app)).toBe(0);
  });

  it('that comes again changes nothing and is answered the same', async () => {
    await send(sign(app, userId));
    const before = await stored();
    expect((await send(sign(app, userId))).status).toBe(200);
    expect(await stored()).toBe(before);
  });

  it('about somebody we do not know is taken, and changes nothing', async () => {
    const before = await stored();
    expect((await send(sign(app, '4242'))).status).toBe(200);
    expect(await stored()).toBe(before);
  });

  it('that another secret signed is met with silence', () => silent(sign(app, userId, { secret: OTHER })));

  it('that was changed on the way is met with silence', async () => {
    const sent = sign(app, userId);
    const body =
      provider === 'x' || provider === 'tiktok'
        ? `${sent.body} `
        : sent.body.replace(/(.)$/, (last) => (last === 'A' ? 'B' : 'A'));
    await silent({ ...sent, body });
  });

  it('without a signature, without a body, or about an app that is not there, is met with silence', async () => {
    const sent = sign(app, userId);
    await silent({
      ...sent,
      headers: { 'content-type': 'application/json' },
      body: provider === 'x' || provider === 'tiktok' ? sent.body : '',
    });
    await silent({ ...sent, body: '' });
    await silent(sign({ ...app, id: 'oa_01h455vb4pex5vsknk084sn02s', clientId: 'nobody' }, userId));
    await silent(sign({ ...app, id: 'oa_nonsense', clientId: '' }, userId));
  });

  it("signed for one app says nothing about another one's grants", async () => {
    const otherKey = await api.key({ workspace: `other-${workspaces}-${provider}` });
    const other = await makeApp(provider, `other-${provider}-${workspaces}`, otherKey);
    expect((await send(sign(other, userId))).status).toBe(200);
    expect(await account(id)).toMatchObject({ health: 'active' });
  });

  it('about a consent before the present one is not believed, but asked about', async () => {
    expect((await send(sign(app, userId, { at: NOW() - 3_600 }))).status).toBe(200);
    expect(await account(id)).toMatchObject({ health: 'active' });
    const { rows } = await pool.query(
      'select distinct probe_due_at <= db_now() as due from accounts join oauth_apps app on app.id = oauth_app_id where client_id = $1',
      [app.clientId],
    );
    expect(rows).toEqual([{ due: true }]);
  });

  it('is followed by a reconnect that brings the same account back', async () => {
    await send(sign(app, userId));
    expect(await connect(app, { persona: provider === 'facebook' ? 'many-pages' : 'happy' })).toBe(id);
    expect(await account(id)).toMatchObject({ health: 'active', health_reason: null });
  });

  it("is for the platform that it comes from: another's URL takes it not", async () => {
    const sent = sign(app, userId);
    await silent({ ...sent, path: sent.path.replace(/callbacks\/\w+/, 'callbacks/nowhere') });
    await silent({
      ...sent,
      path: provider === 'x' ? sent.path.replace('/x/', '/meta/') : `/v1/callbacks/x/${app.id}`,
    });
  });
});

describe('a push about a person with several accounts', () => {
  it('reaches each account of the grant, Pages with tokens of their own too', async () => {
    const app = await makeApp('facebook');
    await connect(app, { persona: 'many-pages' });
    expect(await tokensOf(app)).toBeGreaterThan(2);
    await send(signMeta(app, await platformUserOf(app)));
    const pages = await items('/v1/accounts');
    expect(pages.length).toBeGreaterThan(1);
    for (const page of pages)
      expect(page).toMatchObject({ health: 'needs_reauth', health_reason: 'deauthorized_by_user' });
    expect(await tokensOf(app)).toBe(0);
  });
});

describe('a push of a platform with one URL for all apps', () => {
  it('whose signature is older than five minutes is met with silence', async () => {
    const app = await makeApp('tiktok');
    await connect(app);
    await silent(signTiktok(app, await platformUserOf(app), { t: NOW() - 330 }));
  });

  it('whose signature has a time in the future is met with silence', async () => {
    const app = await makeApp('tiktok');
    await connect(app);
    await silent(signTiktok(app, await platformUserOf(app), { t: NOW() + 330 }));
  });

  it('about something else than a grant is taken and forgotten', async () => {
    const app = await makeApp('tiktok');
    const body = JSON.stringify({
      client_key: app.clientId,
      event: 'video.publish.completed',
      user_openid: 'x',
      content: '{}',
    });
    const headers = { 'tiktok-signature': `t=${NOW()},s=${hmac(`${NOW()}.${body}`, SECRET, 'hex')}` };
    expect((await send({ path: '/v1/callbacks/tiktok', headers, body })).status).toBe(200);
  });

  it('cannot be kept from an app by somebody who claims its client id with another secret', async () => {
    const app = await makeApp('tiktok');
    const thief = await api.key({ workspace: `thief-${workspaces}` });
    const claim = { provider: 'tiktok', name: 'mine', client_id: app.clientId, client_secret: OTHER };
    expect((await api.post('/v1/oauth-apps', thief, claim)).status).toBe(201);
    const id = await connect(app);
    expect((await send(signTiktok(app, await platformUserOf(app)))).status).toBe(200);
    expect(await account(id)).toMatchObject({ health: 'needs_reauth' });
  });
});

describe('the challenge', () => {
  const ask = (path: string): Promise<Response> => api.call(path);

  it("is answered with the app's secret", async () => {
    const app = await makeApp('x');
    const answer = await ask(`/v1/callbacks/x/${app.id}?crc_token=NjA1MzE0NDg2`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { response_token: `sha256=${hmac('NjA1MzE0NDg2', SECRET, 'base64')}` },
    ]);
  });

  it('gives nobody a signature under an event', async () => {
    const app = await makeApp('x');
    const id = await connect(app);
    const { body } = signX(app, await platformUserOf(app));
    const answer = await ask(`/v1/callbacks/x/${app.id}?crc_token=${encodeURIComponent(body)}`);
    expect([answer.status, await answer.text()]).toEqual([401, '']);
    expect(await account(id)).toMatchObject({ health: 'active' });
  });

  it('of an app that is not there, of none, or at a platform that does not ask, is met with silence', async () => {
    const app = await makeApp('x');
    const instagram = await makeApp('instagram');
    const paths = [
      '/v1/callbacks/x/oa_01h455vb4pex5vsknk084sn02s?crc_token=abc',
      '/v1/callbacks/x/nonsense?crc_token=abc',
      `/v1/callbacks/x/${app.id}`,
      `/v1/callbacks/meta/${instagram.id}?crc_token=abc`,
      `/v1/callbacks/meta/${app.id}?crc_token=abc`,
    ];
    for (const path of paths) {
      const answer = await ask(path);
      expect([path, answer.status, await answer.text()]).toEqual([path, 401, '']);
    }
  });
});

describe("a request to delete a person's data", () => {
  let app: App;
  let id: string;
  let userId: string;
  beforeEach(async () => {
    app = await makeApp('instagram');
    id = await connect(app);
    userId = await platformUserOf(app);
  });
  const ask = (over: Parameters<Signing>[2] = {}): Promise<Response> =>
    send(signMeta(app, userId, { topic: 'data-deletion', ...over }));

  it('destroys who they are, in the account and in its history, and keeps ids', async () => {
    const { platform_account_id } = await account(id);
    expect(await account(id)).toMatchObject({ handle: expect.any(String), metadata: { user_ref: 'user-1' } });
    expect((await ask()).status).toBe(200);
    expect(await account(id)).toMatchObject({
      ...{ id, platform_account_id, handle: null, display_name: null, avatar_url: null, metadata: {} },
      ...{ health: 'needs_reauth', health_reason: 'deauthorized_by_user' },
    });
    const told = await events(id);
    expect(told.map(({ type }) => type)).toEqual([
      'account.data_deleted',
      'connection.revoked',
      'account.health_changed',
      'account.connected',
    ]);
    expect(JSON.stringify(told)).not.toContain('user-1');
    const { rows: outbox } = await pool.query(
      'select payload from outbox join accounts on accounts.id = account_id join oauth_apps app on app.id = oauth_app_id where client_id = $1',
      [app.clientId],
    );
    expect([outbox.length, JSON.stringify(outbox)]).toEqual([4, expect.not.stringContaining('user-1')]);
    const attempts = await pool.query('select user_ref, candidates from connect_attempts where platform_user_id = $1', [
      userId,
    ]);
    expect(attempts.rows).toEqual([{ user_ref: null, candidates: null }]);
  });

  it('is confirmed with a code, and with a page that needs no credential and says it is done', async () => {
    const { url, confirmation_code: code } = (await (await ask()).json()) as { url: string; confirmation_code: string };
    expect(code).toMatch(/^[0-9A-F]{20}$/);
    expect(url).toBe(`http://localhost:3000/data-deletion/${code}`);
    const page = await api.call(new URL(url).pathname);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('Your data were deleted');
  });

  it('that comes again gets the same code, and changes nothing', async () => {
    const at = NOW();
    const first = await (await ask({ at })).json();
    const before = await stored();
    expect(await (await ask({ at })).json()).toEqual(first);
    expect(await stored()).toBe(before);
  });

  it('comes after the person removed the app: then the rest goes', async () => {
    await send(signMeta(app, userId));
    expect(await account(id)).toMatchObject({ health: 'needs_reauth', handle: expect.any(String) });
    await ask();
    expect(await account(id)).toMatchObject({ handle: null, display_name: null });
  });

  it('reaches accounts that were disconnected before', async () => {
    await api.call(`/v1/accounts/${id}`, { method: 'DELETE', as: key });
    await ask();
    expect(await account(id)).toMatchObject({ health: 'disconnected', handle: null, metadata: {} });
  });

  it('about somebody we do not know is confirmed too: there is nothing left', async () => {
    const answer = await send(signMeta(app, '4242', { topic: 'data-deletion' }));
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { url: expect.any(String), confirmation_code: expect.any(String) },
    ]);
  });

  it('with a bad signature is met with silence', () =>
    silent(signMeta(app, userId, { topic: 'data-deletion', secret: OTHER })));

  it('leaves what the person gave anew since, and asks the platform', async () => {
    expect((await ask({ at: NOW() - 3_600 })).status).toBe(200);
    expect(await account(id)).toMatchObject({ health: 'active', handle: expect.any(String) });
  });

  it('has no page for a code that nobody was given', async () => {
    const page = await api.call('/data-deletion/00000000000000000000');
    expect(page.status).toBe(404);
    expect(await page.text()).toContain('We do not know this code');
  });

  it('is asked at its own URL and no other', async () => {
    await silent(signMeta(app, userId, { topic: 'data_deletion' }));
    await silent({ ...signMeta(app, userId), path: `/v1/callbacks/meta/${app.id}` });
  });
});

describe('the bodies of other routes', () => {
  it('are JSON as ever: bytes are refused', async () => {
    const init = { as: key, method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: '{}' };
    expect((await api.call('/v1/oauth-apps', init)).status).toBe(415);
  });

  it('of pushes have the same limit', async () => {
    const app = await makeApp('x');
    expect((await send({ ...signX(app, '1'), body: 'x'.repeat(102_401) })).status).toBe(413);
  });
});
