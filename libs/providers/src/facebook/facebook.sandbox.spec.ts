import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Answer, TestSandbox } from '../../../../test/support/sandbox.js';
import { SandboxClient } from '../../../../test/support/sandbox-client.js';

const graph = (path: string): string => `https://graph.facebook.com/v25.0${path}`;
const TOKEN = graph('/oauth/access_token');

const redirectUri = 'https://evergrant.example/v1/oauth/facebook/callback';
const app = { client_id: '1234567890', client_secret: 'secret' };
const standard = {
  response_type: 'code',
  client_id: app.client_id,
  redirect_uri: redirectUri,
  scope: 'business_management,pages_show_list,pages_read_engagement,pages_manage_posts',
  state: 'the state',
};

let sandbox: TestSandbox;
const client = new SandboxClient(() => sandbox, {
  authorizeUrl: 'https://www.facebook.com/v25.0/dialog/oauth',
  tokenUrl: TOKEN,
  authorize: standard,
  token: app,
  exchange: { redirect_uri: redirectUri },
});
beforeAll(async () => {
  sandbox = await TestSandbox.start();
});
afterAll(() => sandbox.stop());
beforeEach(() => sandbox.control('DELETE', ''));

type Params = Record<string, string | undefined>;
const call = (path: string, token: string, method = 'GET'): Promise<Answer> =>
  sandbox.call(graph(path), { method, headers: { authorization: `Bearer ${token}` } });
const prolong = (token: string, fields: Record<string, string> = {}): Promise<Answer> =>
  sandbox.form(TOKEN, { ...app, grant_type: 'fb_exchange_token', fb_exchange_token: token, ...fields });
const short = async (persona = 'happy', params: Params = {}): Promise<string> =>
  (await client.connect(persona, params)).access_token;
const long = async (persona = 'happy', params: Params = {}): Promise<string> =>
  (await prolong(await short(persona, params))).body.access_token as string;
const debug = (token: string, asker = `${app.client_id}|${app.client_secret}`): Promise<Answer> =>
  sandbox.call(
    `${graph('/debug_token')}?${new URLSearchParams({ input_token: token, access_token: asker }).toString()}`,
  );
const wait = (seconds: number): Promise<Answer> => sandbox.control('POST', '/clock', { advance_seconds: seconds });
const settings = (more: object): Promise<Answer> =>
  sandbox.control('POST', '/apps', { provider: 'facebook', client_id: app.client_id, ...more });

interface Page {
  id: string;
  access_token: string;
  [field: string]: unknown;
}

/** All Pages, as a client finds them that reads every page. */
async function pages(token: string, query = ''): Promise<Page[]> {
  const { body } = await call(`/me/accounts?limit=100${query}`, token);
  const { data, paging } = body as { data: Page[]; paging?: { cursors: { after: string }; next?: string } };
  return paging?.next ? [...data, ...(await pages(token, `&after=${paging.cursors.after}`))] : data;
}

const error = (code: number, subcode?: number, message: unknown = expect.any(String)): object => ({
  status: 400,
  body: {
    error: {
      message,
      type: 'OAuthException',
      code,
      ...(subcode && { error_subcode: subcode }),
      fbtrace_id: expect.any(String),
    },
  },
});
const invalid = (subcode?: number): object => ({
  status: 200,
  body: {
    data: {
      app_id: app.client_id,
      is_valid: false,
      scopes: [],
      error: { code: 190, message: expect.any(String), ...(subcode && { subcode }) },
    },
  },
});

describe('the dialog of Facebook', () => {
  it('goes back with a code, the state and #_=_ after yes', async () => {
    const target = await client.decided();
    expect(Object.fromEntries(target.searchParams)).toEqual({ code: expect.stringMatching(/^AQ/), state: 'the state' });
    expect(target.hash).toBe('#_=_');
  });

  it('goes back with four words for it after no', async () => {
    const { search, hash } = await client.decided('happy', 'deny');
    expect(search).toBe(
      '?error=access_denied&error_code=200&error_description=Permissions+error&error_reason=user_denied&state=the+state',
    );
    expect(hash).toBe('');
  });

  it('takes scopes parted by spaces too', async () => {
    expect(
      (await client.decided('happy', 'approve', { scope: 'pages_show_list email' })).searchParams.has('code'),
    ).toBe(true);
  });

  it.each([
    ['a scope that does not exist', { scope: 'publish_actions' }, 'publish_actions'],
    ['a redirect URI that is not safe', { redirect_uri: 'http://evergrant.example/callback' }, 'redirect_uri'],
    ['a redirect URI with a fragment', { redirect_uri: `${redirectUri}#part` }, 'redirect_uri'],
    ['another response type', { response_type: 'token' }, 'response_type'],
    ['a persona who cannot be here', { sandbox_user: 'no-refresh-token' }, 'sandbox_user'],
    [
      'a Page of another person',
      { sandbox_user: 'happy', sandbox_decision: 'approve', sandbox_pages: '1000022449949461' },
      'sandbox_pages',
    ],
  ])('shows an error page and redirects no browser for %s', async (_what, params, named) => {
    const { status, body, headers } = await client.authorize(params);
    expect([status, headers.get('location')]).toEqual([400, null]);
    expect(body).toContain(named);
  });

  it("shows each person's Pages with a ticked box, and grants what is ticked when the person consents", async () => {
    const { body } = await client.authorize();
    const boxes = [...(body as string).matchAll(/name="(sandbox_page\.many-pages\.\d+)" checked/g)].map(
      ([, name]) => name!,
    );
    expect(boxes).toHaveLength(3);
    const query = new URLSearchParams(standard).toString();
    const form = {
      sandbox_boxes: 'shown',
      sandbox_user: 'many-pages',
      sandbox_decision: 'approve',
      [boxes[0]!]: 'on',
      'sandbox_page.happy.1000022449949451': 'on',
    };
    const { headers } = await sandbox.form(`https://www.facebook.com/v25.0/dialog/oauth?${query}`, form);
    const { body: first } = await client.exchange(new URL(headers.get('location')!).searchParams.get('code')!);
    expect((await pages(first.access_token)).map(({ name }) => name)).toEqual(['Manuel Manypages’s Page']);
  });
});

describe('the token endpoint of Facebook', () => {
  it("gives an hour's token for a code, and a long-lived one for that, by POST and by GET", async () => {
    const first = await client.connect();
    expect(first).toEqual({ access_token: expect.stringMatching(/^EAA/), token_type: 'bearer', expires_in: 3_600 });
    const query = new URLSearchParams({
      ...app,
      grant_type: 'fb_exchange_token',
      fb_exchange_token: first.access_token,
    });
    const { body } = await sandbox.call(`${TOKEN}?${query.toString()}`);
    expect(body).toEqual({ access_token: expect.stringMatching(/^EAA/), token_type: 'bearer', expires_in: 120 });
    expect(await prolong(body.access_token as string)).toMatchObject({ status: 200, body: { expires_in: 120 } });
  });

  it('leaves out how long it is valid where the app is set to meet that', async () => {
    await settings({ quirks: ['no-expires-in'] });
    expect(Object.keys(await client.connect())).toEqual(['access_token', 'token_type']);
  });

  it('takes a code once, for ten minutes, for its own redirect URI', async () => {
    const [once, late] = [await client.code(), await client.code()];
    await client.exchange(once);
    expect(await client.exchange(once)).toMatchObject(error(100, 36_009, 'This authorization code has been used.'));
    expect(await client.exchange(await client.code(), { redirect_uri: `${redirectUri}/` })).toMatchObject(
      error(100, 36_008),
    );
    await wait(601);
    expect(await client.exchange(late)).toMatchObject(error(100, 36_007, 'This authorization code has expired.'));
    expect(await client.exchange('AQmade-up')).toMatchObject(
      error(100, undefined, 'Invalid verification code format.'),
    );
  });

  it('calls a wrong secret by the number of a temporary failure, and takes no HTTP Basic', async () => {
    await client.connect();
    expect(await client.exchange(await client.code(), { client_secret: 'other' })).toMatchObject(
      error(1, undefined, 'Error validating client secret.'),
    );
    const authorization = `Basic ${Buffer.from('1234567890:secret').toString('base64')}`;
    const bare = { client_id: undefined, client_secret: undefined };
    expect(await client.exchange(await client.code(), bare, { authorization })).toMatchObject(error(101));
    expect(await client.exchange(await client.code(), { grant_type: 'password' })).toMatchObject(error(100));
  });

  it('exchanges no token that has ended, none of another app and none of a Page', async () => {
    const token = await long();
    const [page] = await pages(token);
    expect(await prolong(page!.access_token)).toMatchObject(error(190));
    expect(await prolong(token, { client_id: 'another', client_secret: 'other' })).toMatchObject(error(190));
    await wait(121);
    expect(await prolong(token)).toMatchObject(error(190, 463));
  });
});

describe('a person at Facebook', () => {
  it('has another id at another app, with granted and declined permissions', async () => {
    const { body } = await call('/me?fields=id,name,permissions', await long('partial-consent'));
    expect(body).toMatchObject({ id: expect.stringMatching(/^\d{17}$/), name: 'Pia Partial' });
    expect(body.permissions.data).toEqual([
      { permission: 'public_profile', status: 'granted' },
      { permission: 'business_management', status: 'granted' },
      { permission: 'pages_show_list', status: 'granted' },
      { permission: 'pages_read_engagement', status: 'granted' },
      { permission: 'pages_manage_posts', status: 'declined' },
    ]);
    const { body: other } = await client.exchange(await client.code({ client_id: 'other' }, 'partial-consent'), {
      client_id: 'other',
    });
    expect((await call('/me', other.access_token)).body).not.toMatchObject({ id: body.id });
  });

  it('has the fields it has, and a token in the header or the query', async () => {
    const token = await long();
    expect(await call('/me?fields=id,followers', token)).toMatchObject(
      error(100, undefined, expect.stringContaining('followers')),
    );
    expect(await sandbox.call(graph(`/me/permissions?access_token=${token}`))).toMatchObject({ status: 200 });
    expect(await sandbox.call(graph('/me'))).toMatchObject(error(2500));
  });

  it('removes the app from all Pages of the person, and ends all its tokens of the person', async () => {
    const [before, token] = [await long(), await long()];
    const [page] = await pages(token);
    expect(await call('/me/permissions', token, 'DELETE')).toMatchObject({ status: 200, body: { success: true } });
    for (const revoked of [before, token, page!.access_token])
      expect(await call('/me', revoked)).toMatchObject(error(190, 458));
  });
});

describe('the Pages of Facebook', () => {
  it('lists Pages over several pages, the last one without a next', async () => {
    const token = await long('many-pages');
    const { body: first } = await call('/me/accounts?limit=100', token);
    expect([first.data.length, 'next' in first.paging]).toEqual([2, true]);
    const { body: last } = await call(`/me/accounts?limit=100&after=${first.paging.cursors.after}`, token);
    expect([last.data.length, 'next' in last.paging, last.paging.cursors.after]).toEqual([
      1,
      false,
      expect.any(String),
    ]);
    expect((await call(`/me/accounts?after=${last.paging.cursors.after}`, token)).body).toEqual({ data: [] });
  });

  it('returns Pages with the requested fields; one has no username, one allows no publishing', async () => {
    const fields = '&fields=id,name,username,access_token,category,tasks,picture.type(large)';
    const [single] = await pages(await long('one-page'), fields);
    expect(Object.keys(single!).sort()).toEqual(['access_token', 'category', 'id', 'name', 'picture', 'tasks']);
    const many = await pages(await long('many-pages'), fields);
    expect(many.map(({ tasks }) => (tasks as string[]).includes('CREATE_CONTENT'))).toEqual([true, false, true]);
    expect(many[0]).toMatchObject({
      username: 'manuel_manypages.page1',
      picture: { data: { url: expect.any(String) } },
    });
    expect(await call('/me/accounts?fields=id,secrets', await long())).toMatchObject(
      error(100, undefined, expect.stringContaining('secrets')),
    );
  });

  it('hides Pages of a business portfolio without business_management, and all without pages_show_list', async () => {
    expect(await pages(await long('many-pages', { scope: 'pages_show_list' }))).toHaveLength(2);
    expect(await pages(await long('many-pages', { scope: 'pages_manage_posts' }))).toEqual([]);
    expect(await pages(await long('no-pages'))).toEqual([]);
  });

  it('Page tokens end with the short-lived token they came from, or never', async () => {
    const first = await short();
    const [passing] = await pages(first);
    const [lasting] = await pages((await prolong(first)).body.access_token as string);
    await wait(3_601);
    expect(await call('/me', passing!.access_token)).toMatchObject(error(190, 463));
    expect(await call('/me', lasting!.access_token)).toMatchObject({ status: 200, body: { id: lasting!.id } });
    expect(await call('/me/accounts', lasting!.access_token)).toMatchObject(error(100));
  });

  it('Page tokens survive a restart', async () => {
    const [page] = await pages(await long());
    await sandbox.restart();
    expect(await call('/me', page!.access_token)).toMatchObject({ status: 200 });
  });

  it('that were left out of the latest consent are out of reach for every token before it', async () => {
    const before = await long('page-role-lost');
    const [one, other] = await pages(before);
    await client.exchange(
      (await client.decided('page-role-lost', 'approve', { sandbox_pages: other!.id })).searchParams.get('code')!,
    );
    expect((await pages(before)).map(({ id }) => id)).toEqual([other!.id]);
    const targets = (await debug(one!.access_token)).body.data.granular_scopes as {
      scope: string;
      target_ids: string[];
    }[];
    expect(targets.map(({ target_ids: ids }) => ids)).toEqual(targets.map(() => [other!.id]));
    expect(targets.map(({ scope }) => scope)).not.toContain('business_management');
  });

  it('lists no Page whose role is lost, and revokes its token', async () => {
    const token = await long('page-role-lost');
    const [lost, kept] = await pages(token);
    await wait(31);
    expect((await pages(token)).map(({ id }) => id)).toEqual([kept!.id]);
    expect(await debug(lost!.access_token)).toMatchObject(invalid(492));
    expect(await debug(kept!.access_token)).toMatchObject({ body: { data: { is_valid: true } } });
  });
});

describe('an inspection at Facebook', () => {
  it("reports for a Page's token that it has no end, and until when the app may see data", async () => {
    const [page] = await pages(await long());
    const { body } = await debug(page!.access_token);
    expect(body.data).toMatchObject({
      app_id: app.client_id,
      type: 'PAGE',
      profile_id: page!.id,
      is_valid: true,
      expires_at: 0,
      user_id: expect.any(String),
    });
    expect(body.data.scopes).toEqual(expect.arrayContaining(['pages_manage_posts', 'public_profile']));
    expect(body.data.granular_scopes).toContainEqual({ scope: 'pages_manage_posts' });
    expect(body.data.data_access_expires_at).toBeGreaterThan(Date.now() / 1_000 + 89 * 86_400);
  });

  it("reports the end of a person's token", async () => {
    const { body } = await debug(await long());
    expect(body.data).toMatchObject({ type: 'USER', is_valid: true });
    expect(body.data.expires_at).toBeLessThan(Date.now() / 1_000 + 121);
    expect(body.data).not.toHaveProperty('profile_id');
  });

  it.each([
    ['password-changed', 460],
    ['checkpoint', 459],
    ['revokes-after-connect', 458],
  ])('answers 200 with the reason for %s', async (persona, subcode) => {
    const token = await long(persona);
    const [page] = await pages(token);
    await wait(31);
    for (const revoked of [token, page!.access_token]) expect(await debug(revoked)).toMatchObject(invalid(subcode));
  });

  it('accepts the same tokens after a person confirmed their identity', async () => {
    const [page] = await pages(await long('checkpoint'));
    await wait(331);
    expect(await debug(page!.access_token)).toMatchObject({ body: { data: { is_valid: true } } });
  });

  it("is refused to an app with a wrong secret, without one, or for another app's token", async () => {
    const token = await long();
    expect(await debug(token, `${app.client_id}|other`)).toMatchObject(
      error(190, undefined, 'Invalid OAuth access token signature.'),
    );
    expect(await debug(token, token)).toMatchObject(error(2500));
    expect(await debug(token, 'another|app')).toMatchObject(error(100, undefined, expect.stringContaining('App_id')));
    expect(await debug('EAAmade-up')).toMatchObject(invalid());
  });
});
