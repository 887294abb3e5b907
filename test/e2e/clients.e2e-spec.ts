import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TypeID } from 'typeid-js';
import { type PlatformCall, until } from '../support/backend.js';
import { AccountsClient } from '../clients/accounts-client.js';
import { ProjectsClient } from '../clients/projects-client.js';
import { ProjectsCustomer, RETURN_URL } from '../support/projects-customer.js';
import { session } from '../support/service.js';

let customer: ProjectsCustomer;
let accounts: AccountsClient;
let projects: ProjectsClient;
let project: string;

beforeAll(async () => {
  customer = await ProjectsCustomer.open(session());
  const options = { baseUrl: session().apiUrl, apiKey: customer.backend.key };
  accounts = new AccountsClient(options);
  projects = new ProjectsClient(options);
});
beforeEach(async () => {
  ({ id: project } = await projects.createProject('of one test'));
});
afterAll(() => customer.close());

const asSocial = (id: string): string => id.replace('acc_', 'sa_');
const asAccount = (id: string): string => id.replace('sa_', 'acc_');

/** Through the accounts surface; the id of the account. */
async function connectAccount(persona: string): Promise<string> {
  const { authorize_url, state } = await accounts.start('x', { project_id: project });
  await customer.consent(authorize_url, persona);
  const { status, account_ids } = await accounts.attempt(state);
  expect(status).toBe('completed');
  return account_ids[0]!;
}

/** Through the projects surface; the id of the account. */
async function connectSocial(persona: string): Promise<string> {
  const body = { platform: 'x', returnUrl: RETURN_URL, usageNote: 'spring campaign' };
  const { authorizeUrl, state } = await projects.oauthUrl(project, body);
  expect(await projects.oauthStatus(state)).toMatchObject({ status: 'pending' });
  await customer.consent(authorizeUrl, persona);
  const polled = await projects.oauthStatus(state);
  if (polled.status !== 'completed') throw new Error(JSON.stringify(polled));
  return polled.socialAccountId;
}

/** The refusal of a grant as the worker stores it. */
const endGrant = (id: string): Promise<unknown> =>
  customer.backend.query(
    "update accounts set health = 'needs_reauth', health_reason = 'grant_revoked', health_since = db_now() where id = $1",
    [TypeID.fromString(id).toUUID()],
  );

const revocations = (since: number): Promise<PlatformCall[]> =>
  customer.backend.calls(`provider=x&endpoint=revoke&since=${since}`);

describe('the client of the accounts model', () => {
  it('connects, lists, refreshes, reads health, reauthorizes and disconnects an account', async () => {
    const id = await connectAccount('happy');
    expect(await accounts.list({ project_id: project })).toMatchObject({ items: [{ id, health: 'active' }], total: 1 });
    expect(await accounts.refresh(id)).toMatchObject({ id, health: 'active' });
    expect(await accounts.health(id)).toMatchObject({ id, token: { state: 'valid' }, recommendation: 'none' });
    const { authorize_url, state } = await accounts.reauth(id);
    await customer.consent(authorize_url, 'happy');
    expect(await accounts.attempt(state)).toMatchObject({ status: 'completed', account_ids: [id] });
    await accounts.disconnect(id);
    expect(await accounts.list({ project_id: project })).toMatchObject({ items: [], total: 0 });
    await expect(accounts.disconnect(id)).rejects.toMatchObject({ status: 404, body: { code: 'account.not_found' } });
  });
});

describe('the client of the projects model', () => {
  it('connects, polls, lists, reads health, reauthorizes and revokes an account', async () => {
    const id = await connectSocial('happy');
    expect(await projects.list(project)).toMatchObject({ items: [{ socialAccountId: id, status: 'connected' }] });
    expect(await projects.health(id)).toMatchObject({ token: { state: 'valid' }, recommendation: 'none' });
    const started = await projects.reauthUrl(project, { socialAccountId: id, returnUrl: RETURN_URL });
    expect(await customer.consent(started.authorizeUrl, 'happy')).toBe(RETURN_URL);
    expect(await projects.oauthStatus(started.state)).toMatchObject({ socialAccountIds: [id] });
    expect(await projects.revoke(id)).toMatchObject({ status: 'disconnected', canceledScheduledPosts: 0 });
    expect(await projects.projectHealth(project)).toMatchObject({ counts: { connected: 0, disconnected: 1 } });
    await expect(projects.revoke(id)).rejects.toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
  });
});

describe('what one surface does, the other surface shows', () => {
  it('a connection through accounts is in the list, the health and the counts of its project', async () => {
    const id = await connectAccount('paula');
    const account = await accounts.get(id);
    expect((await projects.list(project)).items).toEqual([
      {
        ...{ socialAccountId: asSocial(id), platform: 'x', status: 'connected', leased: false },
        ...{ handle: account.handle, avatarUrl: account.avatar_url },
        ...{ connectedAt: account.connected_at, tokenExpiresAt: account.token_expires_at },
      },
    ]);
    expect(await projects.health(asSocial(id))).toMatchObject({ status: 'connected', recommendation: 'none' });
    expect((await projects.projectHealth(project)).counts).toEqual({
      connected: 1,
      reauth_required: 0,
      disconnected: 0,
    });
  });

  it('a connection through projects is an account with the same suffix, and its event has the usage note', async () => {
    const id = await connectSocial('omar');
    expect(await accounts.get(asAccount(id))).toMatchObject({ project_id: project, health: 'active' });
    const { body } = await customer.backend.get(`/v1/accounts/${asAccount(id)}/events`);
    expect(body).toMatchObject({
      items: [{ type: 'account.connected', data: { usage_note: 'spring campaign' } }],
    });
  });

  it('a refresh through accounts is the last refresh of the health of the other surface', async () => {
    const id = await connectAccount('paula');
    await customer.backend.pass(120);
    await accounts.refresh(id);
    const { last_refreshed_at, token_expires_at } = await accounts.get(id);
    expect((await projects.health(asSocial(id))).token).toMatchObject({
      lastRefreshedAt: last_refreshed_at,
      expiresAt: token_expires_at,
    });
  });

  it('a refresh by the worker is the last refresh on both surfaces', async () => {
    const id = await connectSocial('omar');
    const { token } = await projects.health(id);
    const { last_refreshed_at: before } = await accounts.get(asAccount(id));
    await customer.backend.pass(102);
    const { last_refreshed_at } = await until(
      () => accounts.get(asAccount(id)),
      (account) => account.last_refreshed_at !== before,
    );
    const refreshed = (await projects.health(id)).token;
    expect(refreshed).toMatchObject({ state: 'valid', lastRefreshedAt: last_refreshed_at });
    expect(refreshed.expiresAt).not.toBe(token.expiresAt);
  });

  it.each(['accounts', 'projects'] as const)(
    'a disconnection through %s is revoked at the platform',
    async (surface) => {
      const id = await connectAccount('mei');
      const [{ seq: since } = { seq: 0 }] = (await revocations(0)).slice(-1);
      await (surface === 'accounts' ? accounts.disconnect(id) : projects.revoke(asSocial(id)));
      const [revoked] = await until(
        () => revocations(since),
        (calls) => calls.length > 0,
      );
      expect(revoked).toMatchObject({ outcome: 'ok', status: 200 });
    },
  );

  it('a lost grant is needs_reauth here and reauth_required there, and a reauthorization of either ends both', async () => {
    const id = await connectAccount('mei');
    for (const surface of ['accounts', 'projects'] as const) {
      await endGrant(id);
      expect(await accounts.get(id)).toMatchObject({ health: 'needs_reauth', health_reason: 'grant_revoked' });
      expect(await projects.health(asSocial(id))).toMatchObject({
        status: 'reauth_required',
        recommendation: 'reconnect',
      });
      expect((await projects.projectHealth(project)).needsAction).toMatchObject([{ socialAccountId: asSocial(id) }]);
      expect((await projects.list(project, { status: 'reauth_required' })).items).toHaveLength(1);
      const url =
        surface === 'accounts'
          ? (await accounts.reauth(id)).authorize_url
          : (await projects.reauthUrl(project, { socialAccountId: asSocial(id), returnUrl: RETURN_URL })).authorizeUrl;
      await customer.consent(url, 'mei');
      expect(await accounts.get(id)).toMatchObject({ health: 'active', health_reason: null });
      expect((await projects.projectHealth(project)).needsAction).toEqual([]);
    }
  });

  it('a disconnection through accounts is revoked_by_partner in the list of the disconnected', async () => {
    const id = await connectAccount('paula');
    await accounts.disconnect(id);
    expect((await projects.list(project)).items).toEqual([]);
    expect((await projects.list(project, { status: 'disconnected' })).items).toMatchObject([
      { socialAccountId: asSocial(id), disconnectedReason: 'revoked_by_partner', disconnectedAt: expect.any(String) },
    ]);
    await expect(projects.revoke(asSocial(id))).rejects.toMatchObject({ status: 404 });
  });

  it('a revocation through projects is a disconnected account', async () => {
    const id = await connectSocial('paula');
    await projects.revoke(id);
    expect(await accounts.get(asAccount(id))).toMatchObject({ health: 'disconnected', next_refresh_at: null });
    expect((await accounts.list({ project_id: project })).items).toEqual([]);
    await expect(accounts.refresh(asAccount(id))).rejects.toMatchObject({ status: 404 });
  });

  it('an attempt of either surface reads the same through the other', async () => {
    const { state } = await accounts.start('x', { project_id: project });
    expect(await projects.oauthStatus(state)).toMatchObject({ state, status: 'pending' });
    const started = await projects.oauthUrl(project, { platform: 'x', returnUrl: RETURN_URL });
    await customer.consent(started.authorizeUrl, 'happy', 'deny');
    expect(await accounts.attempt(started.state)).toMatchObject({ status: 'failed', error: 'access_denied' });
  });
});
