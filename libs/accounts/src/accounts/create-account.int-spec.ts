import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CompleteConnect,
  CreateAccount,
  DisconnectAccount,
  RefreshAccount,
  RetireUnusedGrants,
  StartReauth,
} from '#accounts';
import { Secret } from '#observability';
import { type CreatedAccount } from './supplied-account.js';
import { CLIENT_SECRET, Flow, PUBLIC_URL } from '../../../../test/support/flow.js';
import { OwnOAuth, type SuppliedTokens } from '../../../../test/support/supplied-tokens.js';
import { DueGrants } from '../refresh/due-grants.js';
import { ProbeNow } from '../probe/probe-now.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

interface App {
  id: string;
  clientId: string;
}

const defaultApp = (provider: string): Promise<App> =>
  flow.one<App>(
    'select id, client_id as "clientId" from oauth_apps where workspace_id = $1 and provider = $2 and is_default',
    [flow.tenant.workspaceId, provider],
  );

/** The client's own use of an app, by default of one that is unknown to this service. */
const ownOAuth = (provider: 'x' | 'linkedin' | 'facebook', clientId = 'own-app'): OwnOAuth =>
  new OwnOAuth(flow.sandbox.url, provider, {
    clientId,
    clientSecret: CLIENT_SECRET,
    redirectUri: `${PUBLIC_URL}/v1/oauth/${provider}/callback`,
  });

type Input = Parameters<CreateAccount['execute']>[0];
type Overrides = Partial<Omit<Input, 'credentials'>> & { expiresAt?: Date };

const supply = (
  tokens: SuppliedTokens,
  platformAccountId: string,
  overrides: Overrides = {},
): Promise<CreatedAccount> => {
  const { expiresAt, ...rest } = overrides;
  return flow.get(CreateAccount).execute({
    tenant: flow.tenant,
    provider: 'x',
    platformAccountId,
    credentials: {
      accessToken: new Secret(tokens.access_token),
      ...(tokens.refresh_token !== undefined && { refreshToken: new Secret(tokens.refresh_token) }),
      ...(expiresAt && { expiresAt }),
      profileFields: {},
    },
    ...rest,
  });
};

interface Supplied extends CreatedAccount {
  own: OwnOAuth;
  tokens: SuppliedTokens;
  app: App;
}

/** An account of the default app of X, with tokens that the client got itself. */
async function supplyWithApp(overrides: Overrides = {}, persona = 'happy'): Promise<Supplied> {
  const app = await defaultApp('x');
  const own = ownOAuth('x', app.clientId);
  const tokens = await own.tokens(persona);
  const userId = await own.userId(tokens.access_token);
  return { ...(await supply(tokens, userId, { oauthAppId: app.id, ...overrides })), own, tokens, app };
}

const grants = (): Promise<{ holds: boolean; manual: boolean }[]> =>
  flow.many(
    `select exists (select from grant_tokens where grant_id = grants.id) as holds, platform_user_id is null as manual
     from grants where workspace_id = $1 order by created_at, id`,
    [flow.tenant.workspaceId],
  );

const accessTokenOf = async (id: string): Promise<string | undefined> => {
  const { grantId } = await flow.one<{ grantId: string }>('select grant_id as "grantId" from accounts where id = $1', [
    id,
  ]);
  const { vault, pool } = flow.context();
  return (await vault.openGrantTokens(pool, { ...flow.tenant, id: grantId }))?.access.reveal();
};

/** Refreshes the due grants, as the worker does. Returns how many. */
async function refreshDue(): Promise<number> {
  const due = await flow.get(DueGrants).execute({ perApp: 10, all: 10 });
  for (const id of due) await flow.exchange().refresh(id, { maxWait: 10_000 });
  return due.length;
}

describe('the refresh of a manual account', () => {
  it('uses the app and rotates the refresh token, forced and when it is due', async () => {
    const { account, tokens } = await supplyWithApp({ expiresAt: new Date(Date.now() + 120_000) });
    expect(account).toMatchObject({ connectionType: 'manual', health: 'active', nextRefreshAt: expect.any(Date) });
    await flow.pass(61);
    await flow.get(RefreshAccount).execute({ tenant: flow.tenant, id: account.id });
    const first = await accessTokenOf(account.id);
    expect(first).not.toBe(tokens.access_token);
    await flow.pass(110);
    expect(await refreshDue()).toBe(1);
    expect(await accessTokenOf(account.id)).not.toBe(first);
    expect((await flow.calls('token', 'refresh_token')).map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  it('comes at once where the access token had ended, and the probe after it makes the account active', async () => {
    const app = await defaultApp('x');
    const own = ownOAuth('x', app.clientId);
    const tokens = await own.tokens();
    const userId = await own.userId(tokens.access_token);
    await flow.pass(200);
    const { account } = await supply(tokens, userId, { oauthAppId: app.id, expiresAt: new Date(Date.now() - 60_000) });
    expect([account.health, account.healthReason]).toEqual(['degraded', 'unverified']);
    expect(await refreshDue()).toBe(1);
    expect(await flow.account(account.id)).toMatchObject({ health: 'degraded', healthReason: 'unverified' });
    await flow.get(ProbeNow).execute({ tenant: flow.tenant, id: account.id });
    expect(await flow.account(account.id)).toMatchObject({ health: 'active', healthReason: null });
  });

  it('is refused without an app, and no refresh token is stored', async () => {
    const own = ownOAuth('x');
    const tokens = await own.tokens();
    const { account } = await supply(tokens, await own.userId(tokens.access_token));
    expect(account).toMatchObject({ nextRefreshAt: null, oauthAppId: null });
    await expect(flow.get(RefreshAccount).execute({ tenant: flow.tenant, id: account.id })).rejects.toMatchObject({
      code: 'account.not_refreshable',
    });
    const sealed = `select 1 from grant_tokens join grants on id = grant_id where workspace_id = $1 and sealed_refresh is not null`;
    expect(await flow.many(sealed, [flow.tenant.workspaceId])).toEqual([]);
  });

  it('does not end the account at once where another holder has spent its one-time refresh token', async () => {
    const { account, own, tokens } = await supplyWithApp({ expiresAt: new Date(Date.now() + 120_000) });
    await flow.knobs('x', { family_revocation: false });
    await own.refresh(tokens.refresh_token!);
    await flow.pass(102);
    expect(await refreshDue()).toBe(1);
    expect(await flow.account(account.id)).toMatchObject({ health: 'degraded', healthReason: 'refresh_unconfirmed' });
  });
});

describe('the replacement of tokens', () => {
  it('keeps the account of a consent, retires the grant of the consent, and spares the new tokens', async () => {
    const id = await flow.connect('x');
    const { account, isNew, own, tokens } = await supplyWithApp();
    expect([account.id, isNew, account.connectionType]).toEqual([id, false, 'manual']);
    await flow.revoked();
    expect(await grants()).toEqual([
      { holds: false, manual: false },
      { holds: true, manual: true },
    ]);
    expect(await own.accepts(tokens.access_token)).toBe(true);
  });

  it('revokes a consent at another app', async () => {
    const id = await flow.connect('x');
    const { clientId } = await defaultApp('x');
    const other = await flow.app('x', { isDefault: true });
    const { account } = await supplyWithApp();
    expect([account.id, account.oauthAppId]).toEqual([id, other]);
    await flow.revoked();
    const { body } = await flow.sandbox.control('GET', '/calls?endpoint=revoke');
    expect(body).toMatchObject([{ client_id: clientId, outcome: 'ok' }]);
  });

  it('destroys the tokens of a consent without a revocation where the new ones name no app', async () => {
    await flow.connect('x');
    const own = ownOAuth('x');
    const tokens = await own.tokens();
    await supply(tokens, await own.userId(tokens.access_token));
    await flow.get(RetireUnusedGrants).sweep();
    await flow.revoked();
    expect([await grants(), await flow.calls('revoke')]).toEqual([
      [
        { holds: false, manual: false },
        { holds: true, manual: true },
      ],
      [],
    ]);
  });

  it('stores supplied tokens in place of supplied ones, and revokes none', async () => {
    const { account } = await supplyWithApp();
    const again = await supplyWithApp();
    expect([again.account.id, again.isNew]).toEqual([account.id, false]);
    expect(await accessTokenOf(account.id)).toBe(again.tokens.access_token);
    await flow.revoked();
    expect([await grants(), await flow.calls('revoke')]).toEqual([[{ holds: true, manual: true }], []]);
  });

  it('removes supplied tokens at the next consent, which keeps the account', async () => {
    const { account } = await supplyWithApp();
    expect(await flow.connect('x')).toBe(account.id);
    await flow.revoked();
    expect(await flow.account(account.id)).toMatchObject({ connectionType: 'oauth', health: 'active' });
    expect(await grants()).toEqual([
      { holds: false, manual: true },
      { holds: true, manual: false },
    ]);
  });

  it('removes tokens without an app at a reconnect through the default app', async () => {
    const own = ownOAuth('x');
    const tokens = await own.tokens();
    const { account } = await supply(tokens, await own.userId(tokens.access_token));
    const reauth = { tenant: flow.tenant, createdBy: 'a key', id: account.id };
    const started = await flow.get(StartReauth).execute(reauth);
    const back = await flow.decide(started.authorizeUrl);
    await flow.get(CompleteConnect).execute({ provider: 'x', query: Object.fromEntries(back.searchParams) });
    expect(await flow.account(account.id)).toMatchObject({
      connectionType: 'oauth',
      oauthAppId: (await defaultApp('x')).id,
    });
  });

  it('gives each account a grant of its own where the same person and app are in two projects', async () => {
    const first = await supplyWithApp();
    const { id: projectId } = await flow.one<{ id: string }>(
      `insert into projects (id, workspace_id, environment, name) values (gen_random_uuid(), $1, 'test', 'two') returning id`,
      [flow.tenant.workspaceId],
    );
    const second = await supplyWithApp({ projectId });
    expect(second.account.id).not.toBe(first.account.id);
    expect(await grants()).toEqual([
      { holds: true, manual: true },
      { holds: true, manual: true },
    ]);
  });

  it('leaves one account with one grant where tokens are supplied at the same time', async () => {
    const app = await defaultApp('x');
    const own = ownOAuth('x', app.clientId);
    const tokens = await own.tokens();
    const userId = await own.userId(tokens.access_token);
    const created = await Promise.all([1, 2, 3].map(() => supply(tokens, userId, { oauthAppId: app.id })));
    expect(new Set(created.map(({ account }) => account.id)).size).toBe(1);
    expect((await grants()).filter(({ holds }) => holds)).toHaveLength(1);
  });
});

describe('the disconnect of a manual account', () => {
  it('destroys its tokens and revokes them at the platform', async () => {
    const { account, own, tokens } = await supplyWithApp();
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id: account.id });
    await flow.revoked();
    expect(await grants()).toEqual([{ holds: false, manual: true }]);
    expect(await own.accepts(tokens.access_token)).toBe(false);
  });

  it('spares the tokens of the same person in another project', async () => {
    const first = await supplyWithApp();
    const { id: projectId } = await flow.one<{ id: string }>(
      `insert into projects (id, workspace_id, environment, name) values (gen_random_uuid(), $1, 'test', 'two') returning id`,
      [flow.tenant.workspaceId],
    );
    const second = await supplyWithApp({ projectId });
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id: first.account.id });
    await flow.revoked();
    expect(await flow.calls('revoke')).toEqual([]);
    expect(await second.own.accepts(second.tokens.access_token)).toBe(true);
  });
});

describe('a Page with supplied tokens', () => {
  const person = async (): Promise<{ own: OwnOAuth; token: string; page: { id: string; access_token: string } }> => {
    const own = ownOAuth('facebook');
    const { access_token: token } = await own.tokens();
    const { body } = await own.get('https://graph.facebook.com/v25.0/me/accounts', token);
    return { own, token, page: (body as { data: { id: string; access_token: string }[] }).data[0]! };
  };
  const give = (token: string, id: string): Promise<CreatedAccount> =>
    supply({ access_token: token, expires_in: 0 }, id, { provider: 'facebook' });

  it("is connected with the Page's token, and probed without an app", async () => {
    const { page } = await person();
    const { account } = await give(page.access_token, page.id);
    expect(account).toMatchObject({ health: 'active', displayName: expect.any(String), tokenExpiresAt: null });
    expect(await flow.get(ProbeNow).execute({ tenant: flow.tenant, id: account.id })).toMatchObject({
      health: 'active',
      probe: { state: 'ok' },
    });
  });

  it("is connected with the person's token, which opens the Page's", async () => {
    const { token, page } = await person();
    const { account } = await give(token, page.id);
    expect(account).toMatchObject({ health: 'active', handle: expect.any(String) });
    expect(await flow.one('select own_token as own from accounts where id = $1', [account.id])).toEqual({ own: true });
  });

  it("is refused with another Page's token, and with that of a person without it", async () => {
    const { token, page } = await person();
    await expect(give(page.access_token, '99')).rejects.toMatchObject({ code: 'credentials.mismatch' });
    await expect(give(token, '99')).rejects.toMatchObject({ code: 'credentials.mismatch' });
  });
});

describe('tokens that the platform does not confirm', () => {
  it('refuses as an outage to replace the tokens of a connected account', async () => {
    const { account, own, app } = await supplyWithApp();
    const tokens = await own.tokens('happy');
    await flow.fault({ endpoint: 'identity', times: 1, status: 503 });
    await expect(supply(tokens, account.platformAccountId, { oauthAppId: app.id })).rejects.toMatchObject({
      code: 'provider.unavailable',
      details: { platformCode: 'http_503' },
    });
    expect(await flow.account(account.id)).toMatchObject({
      health: account.health,
      healthReason: account.healthReason,
    });
    expect(await flow.calls('revoke')).toEqual([]);
  });

  const probe = (id: string): Promise<unknown> => flow.get(ProbeNow).execute({ tenant: flow.tenant, id });

  it('never makes the account of another person active', async () => {
    const own = ownOAuth('linkedin');
    const named = await own.userId((await own.tokens()).access_token);
    const tokens = await own.tokens('paula');
    await flow.fault({ provider: 'linkedin', endpoint: 'identity', times: 1, status: 503 });
    const { account } = await supply(tokens, named, { provider: 'linkedin' });
    expect(account).toMatchObject({ health: 'degraded', healthReason: 'provider_unavailable' });
    await probe(account.id);
    expect(await flow.account(account.id)).toMatchObject({ health: 'degraded', healthReason: 'profile_mismatch' });
    for (const seconds of [61, 10]) {
      await flow.pass(seconds);
      await probe(account.id);
      const mismatch = { health: 'needs_reauth', healthReason: 'profile_mismatch' };
      expect(await flow.account(account.id)).toMatchObject(mismatch);
    }
  });

  it.each([
    ['owner', 403, { title: 'Forbidden', type: 'https://api.twitter.com/2/problems/user-suspended', status: 403 }],
    ['app', 402, { title: 'CreditsDepleted', status: 402 }],
  ])('still compares the profile where the first answer is of the class %s', async (_class, status, body) => {
    await flow.knobs('x', { access_ttl_seconds: 864_000 });
    const own = ownOAuth('x', (await defaultApp('x')).clientId);
    const named = await own.userId((await own.tokens()).access_token);
    await flow.fault({ endpoint: 'identity', times: 1, status: 503 });
    const { account } = await supply(await own.tokens('paula'), named);
    await flow.fault({ endpoint: 'identity', times: 1, status, body });
    await probe(account.id).catch(() => undefined);
    await flow.pass(2 * 86_400);
    await probe(account.id);
    const health = { health: 'degraded', healthReason: 'profile_mismatch' };
    expect(await flow.account(account.id)).toMatchObject(health);
  });

  it('does not take a refresh for the confirmation of a profile', async () => {
    const app = await defaultApp('x');
    const tokens = await ownOAuth('x', app.clientId).tokens('paula');
    await flow.fault({ endpoint: 'identity', times: 1, status: 503 });
    const { account } = await supply(tokens, '2244994945', { oauthAppId: app.id });
    await flow.pass(61);
    await flow.get(RefreshAccount).execute({ tenant: flow.tenant, id: account.id });
    expect(await flow.account(account.id)).toMatchObject({ health: 'degraded', healthReason: 'provider_unavailable' });
    await probe(account.id);
    expect(await flow.account(account.id)).toMatchObject({ health: 'degraded', healthReason: 'profile_mismatch' });
  });

  it('keeps no pair of another person beside a grant of an unknown one', async () => {
    const app = await defaultApp('x');
    const tokens = await ownOAuth('x', app.clientId).tokens('paula');
    const person = await flow.connect('x', 'happy');
    await supply(tokens, '31', { oauthAppId: app.id, verify: false });
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id: person });
    await flow.revoked();
    const orphans =
      'select 1 from token_orphans join exchange_intents on id = intent_id join grants on grants.id = grant_id';
    expect(await flow.many(`${orphans} where workspace_id = $1`, [flow.tenant.workspaceId])).toEqual([]);
  });

  it('makes the account active once the platform has named its person', async () => {
    const app = await defaultApp('x');
    const own = ownOAuth('x', app.clientId);
    const tokens = await own.tokens();
    const userId = await own.userId(tokens.access_token);
    await flow.fault({ endpoint: 'identity', times: 1, status: 503 });
    const { account } = await supply(tokens, userId, { oauthAppId: app.id });
    await probe(account.id);
    expect(await flow.account(account.id)).toMatchObject({ health: 'active', healthReason: null });
    const person = `select manual_user_id as person from grants join accounts on grant_id = grants.id where accounts.id = $1`;
    expect(await flow.one(person, [account.id])).toEqual({ person: userId });
  });
});
