import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Account, Backend, type Reply } from '../support/backend.js';
import { session } from '../support/service.js';

interface Token {
  access_token: string;
  token_type: string;
  expires_at: string | null;
  scopes: string[];
}

let backend: Backend;
let app: string;
let account: Account;
let page: Account;

/** Apps of its own keep the calls apart from those of other files. */
beforeAll(async () => {
  backend = await Backend.withTokens(session());
  app = await backend.app('x');
  account = await backend.connect('x', 'mei', `?oauth_app_id=${app}`);
  page = await backend.connect('facebook', 'one-page', `?oauth_app_id=${await backend.app('facebook')}`);
});

afterAll(() => backend.delete(`/v1/accounts/${page.id}`));

const fingerprint = (token: string): string =>
  createHash('sha256').update(`Bearer ${token}`).digest('base64url').slice(0, 12);
const readToken = async (query = '', id = account.id): Promise<Reply<Token>> =>
  (await backend.get(`/v1/accounts/${id}/token${query}`)) as Reply<Token>;
const token = async (): Promise<string> => (await readToken()).body.access_token;
const proxy = (path: string, init: RequestInit = {}, method = 'GET'): Promise<Reply> =>
  backend.request(method, `/v1/accounts/${account.id}/proxy/${path}`, init);
const refused = ({ status, headers, body }: Reply): [number, string, string | null] => [
  status,
  (body as { code: string }).code,
  headers.get('evergrant-upstream'),
];
/** The calls with a bearer token that the platform has got, of any app: the API's calls name none. */
const bearerCalls = async (): Promise<string[]> =>
  (await backend.calls()).flatMap((call) => call.bearer_fingerprint ?? []);
const fault = (plan: object): Promise<Reply> => backend.control('POST', '/faults', { provider: 'x', ...plan });

describe('GET /v1/accounts/{id}/token', () => {
  it('answers 200 with access_token, token_type, expires_at and scopes, kept by no cache; the platform takes the token', async () => {
    const { status, headers, body } = await readToken();
    const { token_expires_at, scopes } = (await backend.account(account.id)) as Account & { scopes: string[] };
    const expected = { access_token: expect.any(String), token_type: 'bearer', expires_at: token_expires_at, scopes };
    expect([status, headers.get('cache-control'), body]).toEqual([200, 'no-store', expected]);
    await proxy('2/users/me');
    expect(await bearerCalls()).toContain(fingerprint(body.access_token));
  });

  it('is the token of the Page for a Page, without an end', async () => {
    const { body } = await readToken('', page.id);
    expect(body.expires_at).toBeNull();
    const { body: owner } = await backend.get(`/v1/accounts/${page.id}/proxy/v25.0/me?fields=id,name`);
    expect(owner).toMatchObject({ id: (page as Account & { platform_account_id: string }).platform_account_id });
    expect(await bearerCalls()).toContain(fingerprint(body.access_token));
  });

  it('is an audit event of the history each time, with the id of the key, and is delivered nowhere', async () => {
    await readToken();
    const { body } = await backend.get(`/v1/accounts/${account.id}/events?limit=1`);
    const [event] = (body as { items: [{ id: string; type: string; data: object }] }).items;
    expect(event).toMatchObject({ type: 'account.token_read', data: { api_key_id: expect.stringMatching(/^key_/) } });
    expect(await backend.query(`select 1 from outbox where type = 'account.token_read'`)).toEqual([]);
  });

  it('answers 403 scope.missing to a key without tokens:read', async () => {
    const other = await Backend.ofNewCustomer(session());
    expect(refused(await other.get(`/v1/accounts/${account.id}/token`))).toEqual([403, 'scope.missing', null]);
  });

  it('is refreshed first where it would end within min_ttl, 60 seconds by default', async () => {
    await backend.pass(65);
    const before = await readToken('?min_ttl=0');
    const after = await readToken();
    expect(after.body.access_token).not.toBe(before.body.access_token);
    expect(Date.parse(after.body.expires_at!)).toBeGreaterThan(Date.parse(before.body.expires_at!));
  });

  it.each(['-1', '86401', 'soon'])('answers 400 to a min_ttl of %s', async (value) => {
    expect(refused(await readToken(`?min_ttl=${value}`))).toEqual([400, 'validation.failed', null]);
  });

  it('is served while it is valid whatever that refresh did; once it has ended the answers are those of /refresh', async () => {
    await backend.pass(65);
    await fault({ endpoint: 'token', status: 503, times: 50 });
    const { body: stored } = await readToken('?min_ttl=0');
    expect(await readToken('?min_ttl=86400')).toMatchObject({ status: 200, body: stored });
    await backend.pass(60);
    const { status, headers, body } = await readToken();
    expect([status, (body as unknown as { code: string }).code]).toEqual([502, 'provider.unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await backend.control('DELETE', '/faults');
    await backend.pass(60);
    await backend.accountUntil(account.id, ({ health }) => health === 'active', 40);
  });
});

describe('GET /v1/accounts/{id}/proxy/{path}', () => {
  it('is answered by the platform as its person, and the key of the client never arrives there', async () => {
    const { status, headers, body } = await proxy('2/users/me?user.fields=name');
    expect([status, headers.get('evergrant-upstream'), body]).toMatchObject([
      200,
      '1',
      { data: { username: 'mei_modest' } },
    ]);
    expect(headers.get('ratelimit-policy')).toContain('write');
    const arrived = await bearerCalls();
    expect(arrived).toContain(fingerprint(await token()));
    expect(arrived).not.toContain(fingerprint(backend.key));
  });

  it('passes a redirect of the platform on and does not follow it, with the safe headers alone', async () => {
    const elsewhere = 'https://elsewhere.example/';
    const headers = { Location: elsewhere, 'Set-Cookie': 'a=b', 'X-Rate-Limit-Remaining': '7' };
    await fault({ endpoint: 'identity', status: 302, headers });
    const answer = await proxy('2/users/me');
    expect([answer.status, answer.headers.get('location'), answer.headers.get('set-cookie')]).toEqual([
      302,
      elsewhere,
      null,
    ]);
    expect(answer.headers.get('x-rate-limit-remaining')).toBe('7');
  });

  it('is refreshed first where its token has ended', async () => {
    const before = await token();
    await backend.pass(130);
    expect((await proxy('2/users/me')).status).toBe(200);
    const after = await token();
    expect(after).not.toBe(before);
    expect(await bearerCalls()).toContain(fingerprint(after));
  });

  it('answers 400 proxy.path_not_allowed to what would leave the host, a token endpoint and a token in the query', async () => {
    const before = (await bearerCalls()).length;
    const sent = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(session().apiUrl);
        const headers = { authorization: `Bearer ${backend.key}` };
        request({ hostname, port, path: `/v1/accounts/${account.id}/proxy/${path}`, headers })
          .once('response', (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          })
          .once('error', reject)
          .end();
      });
    const paths = [
      ...['../../_control/calls', '%2e%2e/x', '//evil.example/', 'https://evil.example/', '2/oauth2/token'],
      ...['a%2fb', 'evil.example/x', '2/users/me?access_token=x'],
    ];
    expect(await Promise.all(paths.map(sent))).toEqual(paths.map(() => 400));
    expect(refused(await proxy('2/users/me?access_token=x'))).toEqual([400, 'proxy.path_not_allowed', null]);
    expect(await bearerCalls()).toHaveLength(before);
  });

  it('answers 403 without tokens:read', async () => {
    const other = await Backend.ofNewCustomer(session());
    expect(refused(await other.get(`/v1/accounts/${account.id}/proxy/2/users/me`))).toEqual([
      403,
      'scope.missing',
      null,
    ]);
  });
});

describe.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s /v1/accounts/{id}/proxy/{path}', (method) => {
  it('arrives at the platform, whose answer comes back with its status, its body and Evergrant-Upstream', async () => {
    const init = (headers = {}): RequestInit => {
      const type = { 'content-type': 'application/json' };
      return method === 'DELETE'
        ? { headers }
        : { body: JSON.stringify({ text: randomUUID() }), headers: { ...headers, ...type } };
    };
    const answer = await proxy('2/tweets', init(), method);
    const authorization = `Bearer ${await token()}`;
    const direct = await fetch(`${session().sandboxUrl}/api.x.com/2/tweets`, { method, ...init({ authorization }) });
    expect([answer.status, answer.headers.get('evergrant-upstream')]).toEqual([direct.status, '1']);
    expect(answer.headers.get('content-type')).toBe(direct.headers.get('content-type'));
  });

  it('answers 400 proxy.path_not_allowed without the mark of the platform', async () => {
    expect(refused(await proxy('2/oauth2/token', {}, method))).toEqual([400, 'proxy.path_not_allowed', null]);
  });
});

describe('A call on the behalf of an account', () => {
  it('is 413 by the length of more than a hundred megabytes, before they are sent', async () => {
    const sent = request(`${session().apiUrl}/v1/accounts/${account.id}/proxy/2/media/upload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${backend.key}`, 'content-length': '104857601' },
    });
    // The connection is closed behind the answer.
    sent.on('error', () => undefined).flushHeaders();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([
      413,
      expect.objectContaining({ code: 'body.too_large' }),
    ]);
    sent.destroy();
  });

  it('that is refused shows at the account only once a check confirms it', async () => {
    await backend.control('POST', '/users/mei/revoke', { provider: 'x' });
    const unauthorized = await proxy('2/users/me');
    expect([unauthorized.status, unauthorized.headers.get('evergrant-upstream')]).toEqual([401, '1']);
    expect((await backend.account(account.id)).health).toBe('active');
    await backend.pass(61);
    const doubted = await backend.accountUntil(account.id, ({ health }) => health !== 'active');
    expect(doubted.health).toBe('degraded');
    await backend.confirmRefusals(account, 'omar', `?oauth_app_id=${app}`);
    expect(refused(await proxy('2/users/me'))).toEqual([409, 'account.needs_reauth', null]);
    expect(refused(await readToken())).toEqual([409, 'account.needs_reauth', null]);
  });

  it('answers 404 once the account is disconnected, and so does the read of its token', async () => {
    expect((await backend.delete(`/v1/accounts/${account.id}`)).status).toBe(204);
    expect(refused(await proxy('2/users/me'))).toEqual([404, 'account.not_found', null]);
    expect(refused(await readToken())).toEqual([404, 'account.not_found', null]);
  });
});
