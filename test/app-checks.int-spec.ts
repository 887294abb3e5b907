import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CheckOAuthApp, GetOAuthApp, type OAuthAppReport } from '#accounts';
import { Secret } from '#observability';
import { newId } from '#persistence';
import { CLIENT_SECRET, Flow, PUBLIC_URL } from './support/flow.js';
import { tenantEvents } from './support/flow-rows.js';

/** The check of an app through the exchanger's process, compared with the calls that the platform received. */
let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open(1, { exchanger: 'process' });
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

interface Owned {
  provider: string;
  clientId?: string;
  /** The secret at the platform, where it is not the one that is stored. */
  platformSecret?: string;
}

/** An app that exists at its platform. */
async function appAt({ provider, clientId = newId(), platformSecret = CLIENT_SECRET }: Owned): Promise<string> {
  await flow.pool.query('delete from oauth_apps where workspace_id = $1 and provider = $2', [
    flow.tenant.workspaceId,
    provider,
  ]);
  await flow.sandbox.control('POST', '/apps', { provider, client_id: clientId, client_secret: platformSecret });
  return flow.app(provider, { clientId, clientSecret: new Secret(CLIENT_SECRET) });
}

const check = async (id: string): Promise<OAuthAppReport> =>
  (await flow.get(CheckOAuthApp).execute({ tenant: flow.tenant, id })).report;
const credentials = async (id: string): Promise<unknown> =>
  (await check(id)).checks.find(({ name }) => name === 'credentials')?.status;
const statusOf = async (id: string): Promise<string> =>
  (await flow.get(GetOAuthApp).execute({ tenant: flow.tenant, id })).status;
const statuses = async (): Promise<unknown[]> => (await tenantEvents(flow)).map(({ data }) => data.status);
const outcomes = async (): Promise<string[]> =>
  [...(await flow.calls('token')), ...(await flow.calls('probe'))].map(({ outcome }) => outcome);

describe.each(['x', 'tiktok', 'facebook', 'linkedin', 'pinterest', 'instagram'])(
  'the check of an app at %s',
  (provider) => {
    const isShown = provider !== 'instagram';

    it('is one request, and finds the id and the secret right where the platform shows it', async () => {
      const id = await appAt({ provider });
      expect(await credentials(id)).toBe(isShown ? 'ok' : 'unknown');
      expect(await outcomes()).toHaveLength(1);
      expect([await statusOf(id), await statuses()]).toEqual(['active', []]);
    });

    it('finds a wrong secret, and the app is misconfigured with one event however often it is checked', async () => {
      const id = await appAt({ provider, platformSecret: 'another' });
      expect([await credentials(id), await credentials(id)]).toEqual(['failed', 'failed']);
      expect(await outcomes()).toEqual(['wrong_client_secret', 'wrong_client_secret']);
      expect([await statusOf(id), await statuses()]).toEqual(['misconfigured', ['misconfigured']]);
    });

    it('detects an id that is unknown to the platform', async () => {
      const id = await appAt({ provider, clientId: `unknown-${newId()}` });
      expect(await credentials(id)).toBe('failed');
      expect([await outcomes(), await statusOf(id)]).toEqual([['unknown_client'], 'misconfigured']);
    });
  },
);

describe('the check of an app', () => {
  it('ends misconfigured when the platform accepts the app again', async () => {
    const id = await appAt({ provider: 'x', platformSecret: 'another' });
    const { clientId } = await flow.get(GetOAuthApp).execute({ tenant: flow.tenant, id });
    expect(await credentials(id)).toBe('failed');
    await flow.sandbox.control('POST', '/apps', { provider: 'x', client_id: clientId, client_secret: CLIENT_SECRET });
    expect(await credentials(id)).toBe('ok');
    expect(await statuses()).toEqual(['misconfigured', 'active']);
  });

  it.each([
    ['fails', { status: 503 }],
    ['limits requests', { status: 429 }],
    ['closes the connection', { drop: 'before' as const }],
  ])('changes no status when the platform %s', async (_what, fault) => {
    const id = await appAt({ provider: 'x' });
    await flow.fault({ endpoint: 'token', ...fault });
    expect(await check(id)).toMatchObject({ status: 'unknown' });
    expect([await statusOf(id), await statuses()]).toEqual(['active', []]);
  });

  it('waits for a slow platform for a few seconds at most', async () => {
    const id = await appAt({ provider: 'x' });
    await flow.fault({ endpoint: 'token', delay_ms: 20_000 });
    const begin = performance.now();
    expect(await credentials(id)).toBe('unknown');
    expect(performance.now() - begin).toBeLessThan(6_000);
  });

  it('reports a missing scope, and what the owner registers, byte for byte', async () => {
    const id = await flow.app('linkedin', { scopes: ['openid'], redirectUriStyle: 'app' });
    const { redirectUri } = await flow.get(GetOAuthApp).execute({ tenant: flow.tenant, id });
    const { status, checks, register } = await check(id);
    expect(status).toBe('failed');
    expect(checks).toContainEqual(expect.objectContaining({ name: 'scopes', status: 'failed' }));
    expect(redirectUri).toMatch(/^http.*\/v1\/oauth\/linkedin\/callback\/oa_\w{26}$/);
    expect(register[0]).toMatchObject({ what: 'redirect_uri', value: redirectUri });
    expect(JSON.stringify(register)).not.toContain(CLIENT_SECRET);
  });

  it('names the callback URLs of the app where the platform calls us', async () => {
    const id = await flow.app('facebook');
    const urls = (await check(id)).register.filter(({ what }) => what === 'callback_url').map(({ value }) => value);
    expect(urls).toEqual([
      expect.stringMatching(new RegExp(`^${PUBLIC_URL}/v1/callbacks/meta/oa_\\w{26}/deauthorize$`)),
      expect.stringMatching(new RegExp(`^${PUBLIC_URL}/v1/callbacks/meta/oa_\\w{26}/data-deletion$`)),
    ]);
  });

  it('is no failure where the exchanger is not there', async () => {
    const id = await appAt({ provider: 'x' });
    await flow.exchanger.end();
    try {
      expect(await check(id)).toMatchObject({ status: 'unknown' });
      expect(await outcomes()).toEqual([]);
    } finally {
      await flow.exchanger.run();
    }
  });
});
