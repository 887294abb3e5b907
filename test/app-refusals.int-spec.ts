import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DueGrants, DueProbes, TOKEN_EXCHANGE, type TokenExchange } from '#accounts';
import { type Fault, Flow } from './support/flow.js';
import { grantOf, tenantEvents } from './support/flow-rows.js';

/** Platforms that refuse the app at one endpoint and accept it at another: the sandbox over HTTP, with both clocks advanced. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

const graph = (message: string): object => ({ error: { message, type: 'OAuthException', code: 200 } });

interface Platform {
  provider: string;
  atToken: Omit<Fault, 'endpoint'>;
  atApi: Fault;
}

/** A probe by the identity call, a probe with the app's secret, and a platform with profiles. */
const PLATFORMS: Platform[] = [
  {
    provider: 'x',
    atToken: { status: 401, body: { error: 'invalid_client' } },
    atApi: { endpoint: 'identity', status: 403, body: { title: 'Client Forbidden', reason: 'client-not-enrolled' } },
  },
  {
    provider: 'linkedin',
    atToken: { status: 401, body: { error: 'invalid_client', error_description: 'x' } },
    atApi: { endpoint: 'probe', status: 401, body: { error: 'invalid_client' } },
  },
  {
    provider: 'facebook',
    atToken: { status: 400, body: graph('Error validating application. Application has been deleted.') },
    atApi: { endpoint: 'probe', status: 400, body: graph('API access disrupted. Complete Data Use Checkup.') },
  },
];

describe.each(PLATFORMS)('$provider', ({ provider, atToken, atApi }) => {
  let ids: string[];
  beforeEach(async () => {
    await flow.begin();
    if (provider !== 'x') await flow.app(provider, { isDefault: true });
    await flow.knobs(provider, { access_ttl_seconds: 10 * 24 * 60 * 60 });
    ids = [];
    for (const persona of ['paula', 'omar', 'mei']) ids.push(await flow.connect(provider, persona));
    // X receives one probe a day.
    await flow.pass(25 * 60 * 60);
  });

  const statuses = async (): Promise<unknown[]> =>
    (await tenantEvents(flow)).filter(({ type }) => type === 'oauth_app.status_changed').map(({ data }) => data.status);
  const healths = async (): Promise<string[]> =>
    Promise.all(ids.map(async (id) => (await flow.account(id)).health as string));
  const probe = (id: string): Promise<unknown> => flow.get(DueProbes).probe(id);

  async function refresh(id: string): Promise<string> {
    const { grantId } = await flow.one<{ grantId: string }>(
      'select grant_id as "grantId" from accounts where id = $1',
      [id],
    );
    await flow.pool.query('update grants set refresh_due_at = db_now() where id = $1', [grantId]);
    return (await flow.get<TokenExchange>(TOKEN_EXCHANGE).refresh(grantId)).kind;
  }

  it('causes one event when it refuses the app only at the token endpoint, even if probes succeed', async () => {
    await flow.fault({ provider, endpoint: 'token', times: 50, ...atToken });
    for (const id of ids) {
      expect(await refresh(id)).toBe('app_paused');
      await probe(id);
      await flow.pass(5 * 60 + 1);
    }
    expect(await statuses()).toEqual(['misconfigured']);
    expect(await healths()).toEqual(['active', 'active', 'active']);
    await flow.sandbox.control('DELETE', '/faults');
    await flow.pass(5 * 60 + 1);
    expect(await refresh(ids[0]!)).toBe('refreshed');
    expect(await statuses()).toEqual(['misconfigured', 'active']);
  });

  it('causes one event when it refuses the app only at its API, and refreshes continue', async () => {
    await flow.fault({ provider, times: 50, ...atApi });
    for (const id of ids) {
      await probe(id);
      expect(await refresh(id)).toBe('refreshed');
    }
    expect(await statuses()).toEqual(['misconfigured']);
    expect(await healths()).toEqual(['active', 'active', 'active']);
    const due = await flow.get(DueGrants).execute({ perApp: 10, all: 10 });
    expect(due).toEqual([]);
  });

  it('is probed after the pause when it accepts the app at its API again', async () => {
    for (const id of await flow.get(DueProbes).claim(100)) await probe(id);
    await flow.fault({ provider, times: 50, ...atApi, endpoint: 'identity' });
    await expect(flow.connect(provider, 'happy')).rejects.toThrow('app_misconfigured');
    expect(await statuses()).toEqual(['misconfigured']);
    await flow.sandbox.control('DELETE', '/faults');
    expect(await flow.get(DueProbes).claim(100)).toEqual([]);
    await flow.pass(5 * 60 + 1);
    for (const id of await flow.get(DueProbes).claim(100)) await probe(id);
    expect(await statuses()).toEqual(['misconfigured', 'active']);
    expect(await healths()).toEqual(['active', 'active', 'active']);
  });
});

const OTHER_WORDS = {
  error: {
    message: 'Invalid parameter',
    error_user_title: 'App Not Active',
    error_user_msg: 'This app is not accessible right now and the app developer is aware of the issue.',
    code: 190,
    error_subcode: 460,
  },
};
it.each<[string, string, Fault['endpoint'], number, object]>([
  ['instagram', 'a refresh', 'token', 400, OTHER_WORDS],
  ['instagram', 'a probe', 'identity', 200, { meta: { code: 400, error_message: 'API access disrupted.' } }],
  ['facebook', 'a refresh', 'token', 403, OTHER_WORDS],
  ['facebook', 'a probe', 'probe', 200, { data: { is_valid: false, ...OTHER_WORDS } }],
  ['facebook', 'the list of Pages at a refresh', 'profiles', 400, OTHER_WORDS],
])(
  'An app of %s that is refused in other words at %s is misconfigured once, and its account is unchanged.',
  async (provider, _what, endpoint, status, body) => {
    await flow.begin();
    await flow.app(provider, { isDefault: true });
    await flow.knobs(provider, { access_ttl_seconds: 30 * 24 * 60 * 60 });
    const id = await flow.connect(provider);
    await flow.pass(2 * 24 * 60 * 60);
    await flow.fault({ provider, endpoint, status, body, times: 2 });
    if (endpoint === 'token' || endpoint === 'profiles')
      await flow.get<TokenExchange>(TOKEN_EXCHANGE).refresh((await grantOf(flow, id)).id, { forced: true });
    else for (let n = 0; n < 2; n += 1) await flow.get(DueProbes).probe(id);
    const events = await tenantEvents(flow);
    expect(events.filter(({ type }) => type === 'oauth_app.status_changed')).toMatchObject([
      { data: { status: 'misconfigured' } },
    ]);
    expect(await flow.healthOf(id)).toEqual(['active', null]);
  },
);
