import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { Backend, reply } from '../support/backend.js';
import { session } from '../support/service.js';

const PROVIDER = 'pinterest';
const SCOPES = ['user_accounts:read', 'boards:read', 'boards:write', 'pins:read', 'pins:write'];
const tokens = {
  access_token: 'pina_x',
  refresh_token: 'pinr_x',
  token_type: 'bearer',
  expires_in: 2_592_000,
  scope: SCOPES,
};

let customer: Backend;

beforeAll(async () => {
  customer = await Backend.ofNewCustomer(session());
  const app = {
    provider: PROVIDER,
    name: 'An app',
    client_id: `answers-${process.pid}`,
    client_secret: 'a-secret-of-a-test',
  };
  expect((await customer.post('/v1/oauth-apps', app)).status).toBe(201);
});
beforeEach(() => customer.control('DELETE', '/faults'));

const fault = async (endpoint: string, fields: object): Promise<void> => {
  const planned = await customer.control('POST', '/faults', { provider: PROVIDER, endpoint, status: 200, ...fields });
  expect(planned.status).toBe(201);
};

async function connect(): Promise<{
  landing: string;
  attempt: { status: string; error: string | null; account_ids: string[] };
}> {
  const { authorize_url, state } = await customer.start(PROVIDER);
  const { headers } = await reply(await customer.decide(authorize_url), { redirect: 'manual' });
  const { body } = await customer.get(`/v1/oauth/attempts/${state}`);
  return { landing: headers.get('location') ?? '', attempt: body as Awaited<ReturnType<typeof connect>>['attempt'] };
}

describe('an account whose platform answers in unusual bytes', () => {
  it('is connected from gzip and UTF-16, with an exact id and clean names', async () => {
    await fault('token', {
      body_base64: gzipSync(JSON.stringify(tokens)).toString('base64'),
      headers: { 'Content-Encoding': 'gzip' },
    });
    const person = `\ufeff{"id":12345678901234567891,"username":"a\\u0000da\\ud800","business_name":"${'n'.repeat(10_000)}","profile_image":"javascript:alert(1)"}`;
    await fault('identity', { body_base64: Buffer.from(person, 'utf16le').toString('base64') });
    const { attempt } = await connect();
    expect(attempt).toMatchObject({ status: 'completed' });
    expect(await customer.account(attempt.account_ids[0]!)).toMatchObject({
      platform_account_id: '12345678901234567891',
      handle: 'ada\ufffd',
      display_name: 'n'.repeat(255),
      avatar_url: null,
      health: 'active',
      scopes: SCOPES,
    });
  });

  it('is connected from a form, without an end where nothing renews it and its answer names none', async () => {
    const form = new URLSearchParams({ access_token: 'pina_y', expires_in: '0', scope: SCOPES.join(',') }).toString();
    await fault('token', { body: form, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
    await fault('identity', { body: { id: '549755885176', username: 'grace' } });
    const { attempt } = await connect();
    expect(await customer.account(attempt.account_ids[0]!)).toMatchObject({
      handle: 'grace',
      token_expires_at: null,
      health: 'active',
      scopes: SCOPES,
    });
  });

  it('is not connected, and its code is sent once, where the token answer cannot be read', async () => {
    await fault('token', { body: '<html>Welcome</html>' });
    const since = await latest();
    const { attempt } = await connect();
    expect(attempt).toMatchObject({ status: 'failed', error: 'exchange_failed' });
    expect((await tokenCalls(since)).map(({ outcome }) => outcome)).toEqual(['fault']);
  });

  it('stays well where a refresh is answered in HTML: the one-time token is sent once more at once', async () => {
    const { attempt } = await connect();
    const id = attempt.account_ids[0]!;
    await customer.pass(62);
    const since = await latest();
    await fault('token', { body: '<html>We are sorry</html>' });
    expect(await customer.post(`/v1/accounts/${id}/refresh`)).toMatchObject({
      status: 200,
      body: { id, health: 'active' },
    });
    const outcomes = (await tokenCalls(since))
      .filter(({ outcome, persona }) => outcome === 'fault' || persona === 'happy')
      .map(({ outcome }) => outcome);
    expect(outcomes.slice(0, 2)).toEqual(['fault', 'ok']);
  });

  it('is renewed from a form, whatever its type says', async () => {
    const { attempt } = await connect();
    const id = attempt.account_ids[0]!;
    await customer.pass(62);
    const form = new URLSearchParams({
      access_token: 'pina_z',
      refresh_token: 'pinr_z',
      expires_in: '7200',
    }).toString();
    await fault('token', { body: form, headers: { 'Content-Type': 'application/json' } });
    const { status, body } = await customer.post(`/v1/accounts/${id}/refresh`);
    expect([status, (body as { health: string }).health]).toEqual([200, 'active']);
    expect(await customer.account(id)).toMatchObject({ last_refreshed_at: expect.any(String) });
  });
});

interface Call {
  seq: number;
  outcome: string;
  persona?: string;
}

const tokenCalls = async (since: number): Promise<Call[]> =>
  (await customer.control('GET', `/calls?provider=${PROVIDER}&endpoint=token&since=${since}`)).body as Call[];
const latest = async (): Promise<number> => (await tokenCalls(0)).at(-1)?.seq ?? 0;
