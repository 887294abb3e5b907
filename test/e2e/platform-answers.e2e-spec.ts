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

  it('is renewed from a form, whatever its content type', async () => {
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

describe('an account whose platform rotates the refresh token, and whose gateway answers 502', () => {
  let apps = 0;

  /** A customer of its own, so that the app has one account; its sandbox has these settings. */
  async function lose(settings: object): Promise<{ alone: Backend; id: string; outcomes: () => Promise<string[]> }> {
    const alone = await Backend.ofNewCustomer(session());
    const client_id = `gateway-${process.pid}-${(apps += 1)}`;
    const app = { provider: PROVIDER, name: 'An app', client_id, client_secret: 'a-secret-of-a-test' };
    expect((await alone.post('/v1/oauth-apps', app)).status).toBe(201);
    await alone.control('POST', '/apps', { provider: PROVIDER, client_id, ...settings });
    const { authorize_url, state } = await alone.start(PROVIDER);
    await reply(await alone.decide(authorize_url), { redirect: 'manual' });
    const { account_ids } = (await alone.get(`/v1/oauth/attempts/${state}`)).body as { account_ids: string[] };
    await alone.pass(62);
    const since = await latest();
    await fault('token', { status: 502, body: '<html>Bad gateway</html>', when: 'after' });
    const id = account_ids[0]!;
    expect((await alone.post(`/v1/accounts/${id}/refresh`)).status).toBe(502);
    expect(await alone.account(id)).toMatchObject({ health: 'degraded', health_reason: 'provider_unavailable' });
    const ofApp = async (): Promise<string[]> =>
      (await tokenCalls(since))
        .filter((call) => call.client_id === client_id && call.persona === 'happy')
        .map(({ outcome }) => outcome);
    return { alone, id, outcomes: ofApp };
  }

  it('needs_reauth follows the second check of the refused resend, and the reason is that the outcome is unknown', async () => {
    const { alone, id, outcomes } = await lose({ family_revocation: true });
    await alone.pass(31);
    const suspected = await alone.accountUntil(id, ({ health_reason }) => health_reason === 'refresh_outcome_unknown');
    expect(suspected.health).toBe('degraded');
    const ended = await alone.confirmRefusals(suspected, 'mei');
    expect(ended.health_reason).toBe('refresh_outcome_unknown');
    const [first, resend, ...later] = await outcomes();
    expect([first, resend, new Set(later)]).toEqual(['ok', 'spent_token', new Set(['revoked_grant'])]);
  }, 90_000);

  it('is active again after the resend, where the platform accepts a spent token for a while', async () => {
    const { alone, id, outcomes } = await lose({ grace_seconds: 300 });
    await alone.pass(31);
    const { health_reason, last_refreshed_at } = await alone.accountUntil(id, ({ health }) => health === 'active');
    expect([health_reason, last_refreshed_at]).toEqual([null, expect.any(String)]);
    expect(await outcomes()).toEqual(['ok', 'ok']);
  }, 90_000);
});

interface Call {
  client_id?: string;
  seq: number;
  outcome: string;
  persona?: string;
}

const tokenCalls = async (since: number): Promise<Call[]> =>
  (await customer.control('GET', `/calls?provider=${PROVIDER}&endpoint=token&since=${since}`)).body as Call[];
const latest = async (): Promise<number> => (await tokenCalls(0)).at(-1)?.seq ?? 0;
