import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi, type Started } from '../../../../test/support/connected-api.js';

const REASONS = [
  'access_denied',
  'state_expired',
  'state_reused',
  'exchange_failed',
  'no_eligible_account',
  'account_mismatch',
  'missing_permissions',
  'app_misconfigured',
  'provider_unavailable',
  'server_error',
];
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let connected: ConnectedApi;

beforeAll(async () => {
  connected = await ConnectedApi.open();
});
afterAll(() => connected.close());

/** A browser goes through a flow without a return URL: where it lands, and the cookie that it got. */
async function land(
  provider: string,
  persona = 'happy',
  decision = 'approve',
  query = '',
): Promise<{ path: string; cookie: string; callback: URL }> {
  const { body } = await connected.get<Started>(`/v1/oauth/${provider}/start${query}`);
  const decided = await fetch(`${body.authorize_url}&sandbox_user=${persona}&sandbox_decision=${decision}`, {
    redirect: 'manual',
  });
  const callback = new URL(decided.headers.get('location')!);
  return { ...(await comeBack(callback)), callback };
}

async function comeBack(callback: URL): Promise<{ path: string; cookie: string }> {
  const landed = await connected.api.call(callback.pathname + callback.search, {
    headers: { 'x-request-id': 'req_of-the-callback' },
  });
  const to = new URL(landed.headers.get('location')!);
  return { path: to.pathname + to.search, cookie: landed.headers.get('set-cookie') ?? '' };
}

const page = async (path: string, cookie = ''): Promise<string> =>
  (
    await connected.api.call(path, { headers: { ...BROWSER, ...(cookie && { cookie: cookie.split(';')[0]! }) } })
  ).text();

/** The texts of a page, without its style. */
const words = (html: string): string =>
  html
    .replace(/<style>[\s\S]*<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the page at the end of a connection', () => {
  it('names platform and account to the browser that connected it, and to no other', async () => {
    const { path, cookie } = await land('x');
    expect(path).toBe('/connected?connected=x');
    expect(cookie).toMatch(
      /^evergrant_landing=[\w.-]+:req_of-the-callback; Path=\/connected; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
    expect(words(await page(path, cookie))).toMatch(
      /X Connected Hanna Happy @hanna_happy This account is connected\..*Request req_of-the-callback/,
    );
    const stranger = await page(path);
    expect(stranger).toContain('<h1>Connected</h1>');
    expect(stranger).not.toMatch(/[Hh]anna/);
  });

  it('shows no names for a forged query or a forged cookie', async () => {
    const { path, cookie } = await land('x', 'paula');
    const forged = '/connected?connected=x&handle=Mallory&provider=tiktok&account=<script>&oauth_error=access_denied';
    expect(words(await page(forged, cookie))).toMatch(/X Connected Paula Plain @paula_plain/);
    for (const value of [
      'a.b:c',
      cookie.replace(/=./, '=A').split(';')[0]!.split('=')[1]!,
      '<script>',
      `${'a'.repeat(5_000)}:b`,
    ]) {
      expect(await page(path, `evergrant_landing=${value}`)).not.toMatch(/Paula|Mallory|<script>/);
    }
  });

  it('names the account for ten minutes only', async () => {
    const { path, cookie } = await land('tiktok');
    expect(words(await page(path, cookie))).toContain('Hanna Happy');
    await connected.pass(601);
    expect(words(await page(path, cookie))).not.toContain('Hanna');
  });

  it('writes a name from the platform as text', async () => {
    const { path, cookie } = await land('x', 'omar');
    await connected.pool.query(
      `update accounts set display_name = '<script>alert("1")</script>', handle = 'a&b''c' where handle = 'omar_ordinary'`,
    );
    const html = await page(path, cookie);
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(html).toContain('@a&amp;b&#39;c');
    expect(html).not.toContain('<script');
  });

  it('reports that the link was opened twice and the account is connected all the same', async () => {
    const first = await land('x', 'mei');
    const second = await comeBack(first.callback);
    expect(second.path).toBe('/connected?oauth_error=state_reused');
    expect(words(await page(second.path, second.cookie))).toMatch(/Connected Mei Modest .*opened a second time/);
  });

  it('names the platform after a refused consent', async () => {
    const { path, cookie } = await land('tiktok', 'happy', 'deny');
    expect(words(await page(path, cookie))).toMatch(
      /TikTok Not connected You did not allow .*Error code access_denied Request req_of-the-callback/,
    );
  });

  it('requires a selection where one consent opens several accounts, and names each connected account', async () => {
    await connected.app('facebook');
    const chosen = await land('facebook', 'many-pages', 'approve', '?selection=manual');
    expect(words(await page(chosen.path, chosen.cookie))).toMatch(/Facebook One more step .*choose there/);
    const all = await land('facebook', 'page-role-lost');
    expect((await page(all.path, all.cookie)).match(/<li>/g)).toHaveLength(2);
  });

  it.each(REASONS)('explains what happened and what to do next for %s', async (reason) => {
    const html = await page(`/connected?oauth_error=${reason}`);
    expect(html).toContain('<h1>Not connected</h1>');
    expect(html).toMatch(
      new RegExp(`<dt>Error code</dt><dd><code>${reason}</code></dd>\\n<dt>Request</dt><dd><code>req_\\w+</code></dd>`),
    );
    expect(html.match(/<p>/g)).toHaveLength(2);
    expect(words(html)).not.toContain(' @');
  });

  it('has a sentence of its own for each reason', async () => {
    const pages = await Promise.all(
      REASONS.map(async (reason) => /<p>(.*?)<\/p>/.exec(await page(`/connected?oauth_error=${reason}`))?.[1]),
    );
    expect(new Set(pages).size).toBe(REASONS.length);
  });
});

describe('a page', () => {
  const forBrowser = (path: string, init: RequestInit = {}): Promise<Response> =>
    connected.api.call(path, { ...init, headers: BROWSER });

  const ERRORS: [
    what: string,
    path: string,
    init: RequestInit,
    status: number,
    shown: [title: string, code: string],
  ][] = [
    [
      'a state that cannot be trusted',
      '/v1/oauth/x/callback?state=forged&code=1',
      {},
      400,
      ['This link cannot be used', 'state.untrusted'],
    ],
    ['a path that does not exist', '/nothing/here', {}, 404, ['There is no such page', 'route.not_found']],
    [
      'a callback path that does not exist',
      '/v1/oauth/x/callback/a/b',
      {},
      404,
      ['There is no such page', 'route.not_found'],
    ],
    [
      'a method that the page does not take',
      '/connected',
      { method: 'POST' },
      405,
      ['This page cannot be used like that', 'method.not_allowed'],
    ],
    ['an address that cannot be read', '/%zz', {}, 400, ['The request cannot be read', 'request.malformed']],
    [
      'a deletion that does not exist',
      '/data-deletion/unknown',
      {},
      404,
      ['This code is unknown', 'deletion.not_found'],
    ],
    [
      'the callback of an app that does not exist',
      '/v1/oauth/x/callback/oa_unknown?state=a&code=1',
      {},
      400,
      ['This link cannot be used', 'state.untrusted'],
    ],
    [
      'a wrong method of a deletion',
      '/data-deletion/unknown',
      { method: 'POST' },
      405,
      ['This page cannot be used like that', 'method.not_allowed'],
    ],
    [
      'a parameter that cannot be read',
      '/data-deletion/%zz',
      {},
      400,
      ['The request cannot be read', 'request.malformed'],
    ],
  ];

  it.each(ERRORS)('answers a browser for %s', async (_what, path, init, status, [title, code]) => {
    const response = await forBrowser(path, init);
    const html = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8']);
    expect(html).toContain(`<h1>${title}</h1>`);
    expect(html).toContain(`<code>${code}</code>`);
    expect(html).toContain(`<code>${response.headers.get('x-request-id')!}</code>`);
    expect(html.match(/<h1>/g)).toHaveLength(1);
  });

  it.each(ERRORS)('is a problem for a client that accepts JSON: %s', async (_what, path, init, status, [, code]) => {
    for (const accept of ['application/json', 'application/json, text/plain, */*', 'application/problem+json']) {
      const response = await connected.api.call(path, { ...init, headers: { accept } });
      expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
        status,
        'application/problem+json; charset=utf-8',
        'no-store',
      ]);
      expect(await response.json()).toMatchObject({ status, code, request_id: response.headers.get('x-request-id') });
    }
  });

  it('shows a browser a failure of the service without its details', async () => {
    const { body } = await connected.get<Started>('/v1/oauth/x/start');
    await connected.pool.query('alter table connect_attempts rename to away');
    const response = await forBrowser(`/v1/oauth/x/callback?state=${body.state}&code=1`);
    await connected.pool.query('alter table away rename to connect_attempts');
    const text = words(await response.text());
    expect(response.status).toBe(500);
    expect(text).toMatch(/Something went wrong .* try again .*Error code internal Request req_/);
    expect(text).not.toMatch(/connect_attempts|relation|42P01/);
  });

  it('is for browsers alone: a program gets a problem', async () => {
    for (const [path, headers] of [
      ['/nothing', {}],
      ['/nothing', { accept: 'application/json' }],
      ['/v1/accounts', BROWSER],
      ['/v1/nothing', BROWSER],
    ] as const) {
      const response = await connected.api.call(path, { headers });
      expect([path, response.headers.get('content-type')]).toEqual([
        path,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
    }
  });

  it('links documentation, OpenAPI and health at the bare address', async () => {
    const response = await forBrowser('/');
    const html = await response.text();
    expect(response.status).toBe(200);
    const links = [...html.matchAll(/href="(\/[^"]*)"/g)].map(([, href]) => href!);
    expect(links).toEqual(['/docs', '/v1/openapi.json', '/health/ready']);
    for (const link of links) expect((await connected.api.call(link, { redirect: 'follow' })).status).toBe(200);
    const asJson = await connected.api.call('/', { headers: { accept: 'application/json' } });
    expect(await asJson.json()).toMatchObject({
      documentation: '/docs',
      openapi: '/v1/openapi.json',
      health: '/health/ready',
    });
  });

  it('uses its own style and nothing else', async () => {
    const response = await forBrowser('/connected');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(await response.text()).not.toMatch(/<script|<img|<link|style=|src=|url\(|@import/);
  });
});
