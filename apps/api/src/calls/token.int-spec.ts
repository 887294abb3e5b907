import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectedApi } from '../../../../test/support/connected-api.js';

let connected: ConnectedApi;
let id: string;

beforeAll(async () => {
  connected = await ConnectedApi.open();
  id = await connected.connect('x');
});
afterAll(() => connected.close());

interface Token {
  access_token: string;
  token_type: string;
  expires_at: string | null;
  scopes: string[];
}

const read = (query = '', of = id) => connected.get<Token & { code?: string }>(`/v1/accounts/${of}/token${query}`);
const events = async () => {
  const { body } = await connected.get<{ items: { type: string; data: object; sequence: number }[] }>(
    `/v1/accounts/${id}/events`,
  );
  return body.items;
};

describe('the token of an account', () => {
  it('is answered with its end and its scopes, and kept by no cache', async () => {
    const { status, body, headers } = await read();
    const account = await connected.get(`/v1/accounts/${id}`);
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^\S{20,}$/),
        token_type: 'bearer',
        expires_at: account.body.token_expires_at,
        scopes: account.body.scopes,
      },
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is one that the platform takes', async () => {
    const { body } = await read();
    const { status } = await connected.sandbox.call('https://api.x.com/2/users/me', {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    expect(status).toBe(200);
  });

  it('leaves an entry in the history at each read, and nothing to deliver', async () => {
    const before = await events();
    await read();
    const [newest, ...rest] = await events();
    expect(rest).toEqual(before);
    expect(newest).toMatchObject({
      type: 'account.token_read',
      data: { api_key_id: expect.stringMatching(/^key_/) },
      sequence: before[0]!.sequence + 1,
    });
    const { rows } = await connected.pool.query(`select 1 from outbox where type = 'account.token_read'`);
    expect(rows).toEqual([]);
  });

  it('is refreshed first where it ends within the requested time', async () => {
    await connected.pass(61);
    const before = await read('?min_ttl=0');
    const after = await read('?min_ttl=86400');
    expect(after.body.access_token).not.toBe(before.body.access_token);
    expect(Date.parse(after.body.expires_at!)).toBeGreaterThan(Date.parse(before.body.expires_at!));
  });

  it.each(['-1', '86401', 'x', '1.5', ''])('is refused with a min_ttl of %s', async (minTtl) => {
    const { status, body } = await read(`?min_ttl=${minTtl}`);
    expect([status, body]).toMatchObject([400, { code: 'validation.failed', errors: [{ field: 'min_ttl' }] }]);
  });

  it('is refused without the scope, and to a dashboard token, which never has it', async () => {
    const key = await connected.api.key({ scopes: ['accounts:read', 'accounts:write'] });
    for (const as of [key, await connected.api.token()]) {
      const answer = await connected.api.call(`/v1/accounts/${id}/token`, {
        as,
        headers: as === key ? {} : { 'x-environment': 'test' },
      });
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'scope.missing' }]);
    }
  });

  it("is not found for an unknown account, another tenant's, the other environment's and a disconnected one", async () => {
    const foreign = await connected.api.key({ workspace: 'another' });
    const live = await connected.api.key({ environment: 'live' });
    const gone = await connected.connect('tiktok');
    await connected.api.call(`/v1/accounts/${gone}`, { as: connected.key, method: 'DELETE' });
    const answers = [
      await connected.api.call(`/v1/accounts/${id}/token`, { as: foreign }),
      await connected.api.call(`/v1/accounts/${id}/token`, { as: live }),
      await connected.api.call(`/v1/accounts/${gone}/token`, { as: connected.key }),
      await connected.api.call('/v1/accounts/acc_01h455vb4pex5vsknk084sn02q/token', { as: connected.key }),
    ];
    for (const answer of answers)
      expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'account.not_found' }]);
  });

  it('is refused where the person must reconnect, or the account is leased', async () => {
    const set = (column: string, value: string) =>
      connected.pool.query(`update accounts set ${column} = $1 where health <> 'disconnected'`, [value]);
    await set('health', 'needs_reauth');
    expect([(await read()).status, (await read()).body.code]).toEqual([409, 'account.needs_reauth']);
    await set('health', 'active');
    await set('connection_type', 'leased');
    expect([(await read()).status, (await read()).body.code]).toEqual([409, 'account.leased']);
    await set('connection_type', 'oauth');
  });

  it('is not answered once it has ended and its refresh fails, as a refresh answers', async () => {
    await connected.pass(10_000);
    await connected.sandbox.control('POST', '/faults', { provider: 'x', endpoint: 'token', status: 503, times: 5 });
    const { status, body, headers } = await read();
    expect([status, body.code, Number(headers.get('retry-after')) > 0]).toEqual([502, 'provider.unavailable', true]);
    await connected.sandbox.control('DELETE', '/faults');
  });
});
