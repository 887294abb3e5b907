import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Secret } from '#observability';
import type { Tenant } from '#persistence';
import { openUsableToken, probeAccount } from '#tokens';
import { until } from '../../../../test/support/backend.js';
import { CLIENT_SECRET, Flow } from '../../../../test/support/flow.js';
import { makeProject, makeTenant } from '../../../../test/support/rows.js';
import { DeleteOAuthApp } from '../oauth-apps/delete-oauth-app.js';
import { UpdateOAuthApp } from '../oauth-apps/update-oauth-app.js';
import { HandlePush } from '../push/handle-push.js';
import { AssignLeases } from './assign-leases.js';
import { LeaseRequests } from './lease-requests.js';
import { FillPool } from './fill-pool.js';
import { PoolAccounts } from './pool-accounts.js';
import { POOL_STEPS } from './pool-steps.js';
import { ReleaseLease } from './release-lease.js';
import { RemovePoolAccount } from './remove-pool-account.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());

let operator: Tenant;
let customer: Tenant;
let project: string;
let appId: string;
beforeEach(async () => {
  await flow.begin();
  await flow.pool.query('truncate leases, lease_requests, pool_accounts');
  await flow.pool.query("update accounts set health = 'disconnected'");
  operator = flow.tenant;
  appId = await flow.app('facebook', { isDefault: true });
  customer = await makeTenant(flow.pool);
  project = await makeProject(flow.pool, customer, true);
});

interface Leased {
  /** In the pool. */
  pooled: string;
  /** Of the customer. */
  account: string;
}

/** Through the consent of a person at the operator's app. */
async function connect(provider: string, persona: string): Promise<string> {
  const { account, authorizeUrl } = await flow.get(FillPool).connect({ operator, createdBy: 'an operator', provider });
  await flow.callback(await flow.decide(authorizeUrl, persona));
  return account.id;
}

async function lease(provider: string, pooled: string): Promise<Leased> {
  for (const name of POOL_STEPS)
    await flow.get(PoolAccounts).setStep('test', pooled, { name, state: 'done', note: null });
  const requestId = await flow.get(LeaseRequests).create({ tenant: customer, projectId: project, provider, count: 1 });
  const assign = flow.get(AssignLeases);
  const { accountIds } = await assign.execute({ environment: 'test', requestId, poolAccountIds: [pooled] });
  return { pooled, account: accountIds[0]! };
}

interface Row {
  health: string;
  reason: string | null;
  grantId: string;
}

const rowOf = (id: string): Promise<Row> =>
  flow.one('select health, health_reason as reason, grant_id as "grantId" from accounts where id = $1', [id]);
const pooledRow = ({ pooled }: Leased): Promise<Row> =>
  flow.one(
    `select health, health_reason as reason, grant_id as "grantId" from accounts
     where id = (select account_id from pool_accounts where id = $1)`,
    [pooled],
  );
const eventsOf = async (id: string): Promise<string[]> =>
  (
    await flow.many<{ type: string }>(
      'select type from outbox where account_id = $1 and workspace_id = $2 order by sequence',
      [id, customer.workspaceId],
    )
  ).map(({ type }) => type);

/** A call of the platform at the app of the operator, about the person of a leased account. */
async function push(topic: string, leased: Leased): Promise<unknown> {
  const { userId } = await flow.one<{ userId: string }>(
    'select platform_user_id as "userId" from grants where id = $1',
    [(await rowOf(leased.account)).grantId],
  );
  const claims = { algorithm: 'HMAC-SHA256', issued_at: Math.floor(Date.now() / 1_000) + 1, user_id: userId };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const signature = createHmac('sha256', CLIENT_SECRET).update(payload).digest('base64url');
  const body = Buffer.from(new URLSearchParams({ signed_request: `${signature}.${payload}` }).toString());
  return flow.get(HandlePush).execute({ family: 'meta', oauthAppId: appId, topic, headers: {}, body });
}

describe('a leased account', () => {
  it('is refreshed with its grant, with an event in its own workspace, and probed on its own', async () => {
    const leased = await lease('x', await connect('x', 'happy'));
    const { grantId } = await rowOf(leased.account);
    expect(await flow.exchange().refresh(grantId, { forced: true, maxWait: 5_000 })).toEqual({ kind: 'fresh' });
    expect(await probeAccount(flow.context(), leased.account)).toBe('probed');
    expect(await rowOf(leased.account)).toMatchObject({ health: 'active' });
    expect((await eventsOf(leased.account))[0]).toBe('account.connected');
  });

  it('has a copy of the token of a Page, which its workspace cannot read, and which the release destroys', async () => {
    const leased = await lease('facebook', await connect('facebook', 'one-page'));
    const held = (): Promise<unknown[]> =>
      flow.many('select 1 from account_tokens where account_id = $1', [leased.account]);
    expect(await held()).toHaveLength(1);
    expect(await probeAccount(flow.context(), leased.account)).toBe('probed');
    const request = { ...customer, id: leased.account, minTtl: 0, maxWait: 1_000 };
    expect(await openUsableToken(flow.context(), flow.exchange(), request)).toEqual({ kind: 'leased' });
    await flow.get(ReleaseLease).execute({ tenant: customer, id: leased.account });
    expect(await held()).toEqual([]);
    expect(await pooledRow(leased)).toMatchObject({ health: 'active' });
    expect(await flow.many('select 1 from pending_revocations')).toEqual([]);
  });

  it('ends with its grant when the person withdraws the consent at the app of the operator', async () => {
    const leased = await lease('facebook', await connect('facebook', 'one-page'));
    expect(await push('deauthorize', leased)).toEqual({ kind: 'taken' });
    for (const row of [await rowOf(leased.account), await pooledRow(leased)])
      expect(row).toMatchObject({ health: 'needs_reauth', reason: 'deauthorized_by_user' });
    expect(await eventsOf(leased.account)).toEqual(
      expect.arrayContaining(['account.connected', 'account.health_changed', 'connection.revoked']),
    );
  });

  it('follows the account of the pool to the grant of another consent, with the same id', async () => {
    const { id: profile } = await profileOf('happy');
    const { account } = await flow.get(FillPool).add({
      ...{ operator, provider: 'x', platformAccountId: profile, verify: false },
      credentials: { accessToken: new Secret('supplied'), profileFields: {} },
    });
    const leased = await lease('x', account.id);
    const { grantId: before } = await rowOf(leased.account);
    await connect('x', 'happy');
    const [row, pooled] = [await rowOf(leased.account), await pooledRow(leased)];
    expect(row.grantId).not.toBe(before);
    expect(row).toEqual(pooled);
    expect(await flow.many('select 1 from pool_accounts where account_id is null')).toEqual([]);
  });

  it('is refreshed with a new secret of its app, which the operator cannot delete meanwhile', async () => {
    const app = await flow.one<{ id: string; client: string }>(
      "select id, client_id as client from oauth_apps where workspace_id = $1 and provider = 'x'",
      [operator.workspaceId],
    );
    const leased = await lease('x', await connect('x', 'happy'));
    const { grantId } = await rowOf(leased.account);
    const secret = 'another-secret';
    await flow.sandbox.control('POST', '/apps', { provider: 'x', client_id: app.client, client_secret: secret });
    await flow.get(UpdateOAuthApp).execute({ tenant: operator, id: app.id, clientSecret: new Secret(secret) });
    await flow.pool.query("update grants set issued_at = issued_at - interval '10 minutes' where id = $1", [grantId]);
    // The check of the new secret may hold the only turn to use it.
    const refreshed = async (): Promise<Date | null> => {
      await flow.exchange().refresh(grantId, { forced: true, maxWait: 5_000 });
      const read = 'select last_refreshed_at as at from grants where id = $1';
      return (await flow.one<{ at: Date | null }>(read, [grantId])).at;
    };
    expect(await until(refreshed, (at) => at !== null)).not.toBeNull();
    const remove = flow.get(DeleteOAuthApp).execute({ tenant: operator, id: app.id, force: false });
    await expect(remove).rejects.toMatchObject({ code: 'oauth_app.in_use' });
  });

  it('loses the data of its person when the person requests that at the platform, in both workspaces', async () => {
    const leased = await lease('facebook', await connect('facebook', 'one-page'));
    expect(await push('data-deletion', leased)).toMatchObject({ kind: 'deleted' });
    for (const row of [await rowOf(leased.account), await pooledRow(leased)])
      expect(row).toMatchObject({ health: 'needs_reauth' });
    const named = await flow.many(
      'select 1 from accounts where grant_id = $1 and (handle is not null or display_name is not null)',
      [(await rowOf(leased.account)).grantId],
    );
    expect(named).toEqual([]);
    expect(await eventsOf(leased.account)).toContain('account.data_deleted');
    expect(await flow.many('select 1 from account_tokens where account_id = $1', [leased.account])).toEqual([]);
  });

  it('stays as it is when its project connects another Page of the same person', async () => {
    const pooled = await connect('facebook', 'many-pages');
    const leased = await lease('facebook', pooled);
    const before = await rowOf(leased.account);
    flow.tenant = customer;
    await flow.app('facebook', { isDefault: true });
    await flow.connect('facebook', 'many-pages');
    flow.tenant = operator;
    expect(await rowOf(leased.account)).toEqual(before);
    const own = await flow.many<{ type: string }>(
      `select connection_type as type from accounts where workspace_id = $1 and health <> 'disconnected' order by 1`,
      [customer.workspaceId],
    );
    expect(own.map(({ type }) => type)).toEqual(['leased', 'oauth']);
  });

  it('an account that was taken out of the pool can be added again, under another id', async () => {
    const before = await connect('x', 'happy');
    await flow.get(RemovePoolAccount).execute('test', before);
    const again = await connect('x', 'happy');
    expect(again).not.toBe(before);
    const { items } = await flow.get(PoolAccounts).list('test', 10);
    expect(items).toMatchObject([{ id: again, health: 'active' }]);
    expect((await lease('x', again)).account).toBeDefined();
  });

  it('is released once by two calls at the same moment', async () => {
    const leased = await lease('x', await connect('x', 'happy'));
    const release = () => flow.get(ReleaseLease).execute({ tenant: customer, id: leased.account });
    const results = await Promise.allSettled([release(), release()]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await eventsOf(leased.account)).toEqual(['account.connected', 'account.disconnected']);
  });
});

/** The platform id of a sandbox persona at X. */
async function profileOf(persona: string): Promise<{ id: string }> {
  const tenant = flow.tenant;
  const account = await flow.connect('x', persona);
  const found = await flow.one<{ id: string }>('select platform_account_id as id from accounts where id = $1', [
    account,
  ]);
  flow.tenant = tenant;
  return found;
}
