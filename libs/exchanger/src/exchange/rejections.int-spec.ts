import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Fault, Flow } from '../../../../test/support/flow.js';
import { eventsOf, grantOf, tenantEvents } from '../../../../test/support/flow-rows.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const DAY = 24 * 60 * 60;
const REJECTED: Fault = {
  endpoint: 'token',
  status: 200,
  body: { error: 'bad_refresh_token', error_description: 'The refresh token passed is incorrect or expired.' },
};
const refresh = async (id: string) => flow.exchange().refresh((await grantOf(flow, id)).id, { forced: true });
const revokedEvents = async (id: string) =>
  (await eventsOf(flow, id)).filter(({ type }) => type === 'connection.revoked');

async function meet(id: string, fault: Fault): Promise<void> {
  await flow.fault(fault);
  await refresh(id);
}

async function due(): Promise<string> {
  const id = await flow.connect('x');
  await flow.pass(102 * 60);
  return id;
}

describe('a refresh that is refused in words that no table lists', () => {
  it('two days long, after the access token has ended, ends the grant with one event; an accepted refresh revives it', async () => {
    const id = await due();
    await meet(id, REJECTED);
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.pass(DAY);
    await meet(id, { ...REJECTED, status: 400 });
    expect(await flow.healthOf(id)).toEqual(['degraded', 'refresh_unconfirmed']);
    await flow.pass(DAY);
    await meet(id, REJECTED);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'refresh_rejected']);
    expect(await revokedEvents(id)).toMatchObject([{ data: { reason: 'refresh_rejected' } }]);
    expect(await flow.one('select last_error as code, strike_count as strikes from grants')).toEqual({
      code: 'bad_refresh_token',
      strikes: 0,
    });
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['an outage', (id) => meet(id, { endpoint: 'token', status: 503 })],
    ['a page of a proxy', (id) => meet(id, { endpoint: 'token', status: 403, body: '<html>Blocked</html>' })],
    ['a limit', (id) => meet(id, { endpoint: 'token', status: 429 })],
    [
      'a pause of the app',
      async (id) => {
        await flow.pool.query(
          `update oauth_apps set status = 'paused', paused_until = db_now() + interval '1 hour' where workspace_id = $1`,
          [flow.tenant.workspaceId],
        );
        await refresh(id);
        await flow.pool.query(`update oauth_apps set status = 'active', paused_until = null where workspace_id = $1`, [
          flow.tenant.workspaceId,
        ]);
      },
    ],
  ])('does not end the grant by the time around %s', async (_what, happens) => {
    const id = await due();
    await meet(id, REJECTED);
    await flow.pass(DAY);
    await happens(id);
    await flow.pass(2 * DAY);
    await meet(id, REJECTED);
    expect((await flow.healthOf(id))[0]).toBe('degraded');
    await flow.pass(2 * DAY);
    await meet(id, REJECTED);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', 'refresh_rejected']);
  });
});

const SERVERS: [provider: string, what: string, fault: Partial<Fault>, reason: string][] = [
  ['x', 'nothing but a status', { status: 400, body: '' }, 'refresh_outcome_unknown'],
  ['tiktok', 'a bare text', { status: 401, body: 'bad_refresh_token' }, 'refresh_outcome_unknown'],
  ['tiktok', 'a word of tomorrow', { status: 200, body: { error: 'token_gone', log_id: '1' } }, 'refresh_rejected'],
  ['linkedin', 'nothing but a status', { status: 401, body: '' }, 'refresh_rejected'],
  ['linkedin', 'a number of tomorrow', { status: 400, body: { serviceErrorCode: 9, status: 400 } }, 'refresh_rejected'],
  ['pinterest', 'a number of tomorrow', { status: 401, body: { code: 9_999, message: 'No' } }, 'refresh_rejected'],
  ['pinterest', 'a denial with 200', { status: 200, body: { status: 'failure', message: 'No' } }, 'refresh_rejected'],
];

it.each(SERVERS)(
  'A grant of %s whose refreshes are refused with %s ends after two days.',
  async (provider, _what, fault, reason) => {
    if (provider === 'linkedin' || provider === 'pinterest') await flow.app(provider, { isDefault: true });
    const id = await flow.connect(provider);
    await flow.pass(40 * DAY);
    await flow.fault({ provider, endpoint: 'token', times: 50, ...fault });
    for (let day = 0; day < 2; day += 1) {
      await refresh(id);
      expect((await flow.healthOf(id))[0]).toBe('degraded');
      await flow.pass(DAY);
    }
    await refresh(id);
    expect(await flow.healthOf(id)).toEqual(['needs_reauth', reason]);
    await flow.sandbox.control('DELETE', '/faults');
    expect(await refresh(id)).toEqual({ kind: 'refreshed' });
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  },
);

const DEACTIVATED = {
  error: {
    message: 'API access deactivated. To reactivate, go to the app dashboard.',
    type: 'OAuthException',
    code: 200,
  },
};
const appEvents = async () => (await tenantEvents(flow)).filter(({ type }) => type === 'oauth_app.status_changed');

describe('an app that Meta refuses', () => {
  it.each<[string, string, Fault['endpoint']]>([
    ['instagram', 'identity', 'identity'],
    ['facebook', 'identity', 'identity'],
    ['facebook', 'profiles', 'profiles'],
  ])(
    'an app refused at %s when %s is called during connecting is misconfigured, with one event and the code of Meta',
    async (provider, _what, endpoint) => {
      await flow.app(provider);
      for (let n = 0; n < 2; n += 1) {
        const { authorizeUrl } = await flow.start(provider);
        // The revocation of the attempt before identifies its tokens meanwhile, and may take one of them.
        await flow.fault({ provider, endpoint, times: 2, status: 200, body: DEACTIVATED });
        expect(await flow.callback(await flow.decide(authorizeUrl))).toMatchObject({
          url: expect.stringContaining('oauth_error=app_misconfigured'),
        });
      }
      expect(await appEvents()).toHaveLength(1);
      expect((await tenantEvents(flow)).filter(({ type }) => type === 'oauth_attempt.failed')).toMatchObject([
        { data: { code: '200' } },
        { data: { code: '200' } },
      ]);
    },
  );
});
