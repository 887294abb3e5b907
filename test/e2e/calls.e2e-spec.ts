import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { type Account, Backend, type Reply } from '../support/backend.js';
import { session } from '../support/service.js';

interface Call {
  endpoint: string;
  client_id?: string;
  status: number;
  bearer_fingerprint?: string;
}

const clientId = `calls-${randomBytes(6).toString('hex')}`;
let backend: Backend;
let account: Account;

/** The printed key alone has `tokens:read`; an app of its own keeps the calls apart from those of other files. */
beforeAll(async () => {
  const printed = new Backend(session(), session().key);
  const key = await printed.post('/v1/api-keys', {
    name: 'calls',
    scopes: ['accounts:read', 'accounts:write', 'oauth:write', 'apps:write', 'tokens:read'],
  });
  backend = new Backend(session(), (key.body as { key: string }).key);
  const app = { provider: 'x', name: 'Calls', client_id: clientId, client_secret: 'a-secret-of-a-test' };
  const made = await backend.post('/v1/oauth-apps', app);
  const { authorize_url, state } = await backend.start('x', `?oauth_app_id=${(made.body as { id: string }).id}`);
  await backend.request('GET', new URL(await backend.decide(authorize_url, 'mei')).href.slice(session().apiUrl.length));
  const { body } = await backend.get(`/v1/oauth/attempts/${state}`);
  account = await backend.account((body as { account_ids: string[] }).account_ids[0]!);
});

const fingerprint = (token: string): string =>
  createHash('sha256').update(`Bearer ${token}`).digest('base64url').slice(0, 12);
const token = async (): Promise<string> =>
  ((await backend.get(`/v1/accounts/${account.id}/token`)).body as { access_token: string }).access_token;
const proxy = (path: string, init: RequestInit = {}, method = 'GET'): Promise<Reply> =>
  backend.request(method, `/v1/accounts/${account.id}/proxy/${path}`, init);
/** The calls with a bearer token that the platform has got, of any app: the API's calls name none. */
const bearerCalls = async (): Promise<string[]> => {
  const { body } = await backend.control('GET', '/calls?endpoint=all');
  return (body as Call[]).flatMap(({ bearer_fingerprint: of }) => of ?? []);
};

describe('a call on the behalf of an account', () => {
  it('is answered by the platform as its person, and the key of the client never arrives there', async () => {
    const { status, headers, body } = await proxy('2/users/me?user.fields=name');
    expect([status, headers.get('evergrant-upstream'), body]).toMatchObject([
      200,
      '1',
      { data: { username: 'mei_modest' } },
    ]);
    const arrived = await bearerCalls();
    expect(arrived).toContain(fingerprint(await token()));
    expect(arrived).not.toContain(fingerprint(backend.key));
  });

  it('is refreshed first where its token has ended', async () => {
    const before = await token();
    await backend.pass(130);
    expect((await proxy('2/users/me')).status).toBe(200);
    const after = await token();
    expect(after).not.toBe(before);
    expect(await bearerCalls()).toContain(fingerprint(after));
  });

  it('goes to no token endpoint and to no other host, whatever its path is', async () => {
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
    const paths = ['../../_control/calls', '%2e%2e/x', '//evil.example/', 'https://evil.example/', '2/oauth2/token'];
    expect(await Promise.all(paths.map(sent))).toEqual(paths.map(() => 400));
    expect(await bearerCalls()).toHaveLength(before);
  });

  it('that is refused shows at the account only once a check confirms it', async () => {
    await backend.control('POST', '/users/mei/revoke', { provider: 'x' });
    const refused = await proxy('2/users/me');
    expect([refused.status, refused.headers.get('evergrant-upstream')]).toEqual([401, '1']);
    expect((await backend.account(account.id)).health).toBe('active');
    await backend.pass(61);
    const doubted = await backend.accountUntil(account.id, ({ health }) => health !== 'active');
    expect(doubted.health).toBe('degraded');
    await backend.pass(61);
    await backend.accountUntil(account.id, ({ health }) => health === 'needs_reauth');
    const gone = await proxy('2/users/me');
    expect([gone.status, gone.body, gone.headers.get('evergrant-upstream')]).toMatchObject([
      409,
      { code: 'account.needs_reauth' },
      null,
    ]);
    expect((await backend.get(`/v1/accounts/${account.id}/token`)).status).toBe(409);
  });

  it('is not found once the account is disconnected', async () => {
    expect((await backend.delete(`/v1/accounts/${account.id}`)).status).toBe(204);
    expect((await proxy('2/users/me')).status).toBe(404);
    expect((await backend.get(`/v1/accounts/${account.id}/token`)).status).toBe(404);
  });
});
