import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Secret } from '#observability';
import type { Tenant } from '#persistence';
import { openUsableToken, probeAccount } from '#tokens';
import { CLIENT_SECRET, Flow } from '../../../../test/support/flow.js';
import { makeProject, makeTenant } from '../../../../test/support/rows.js';
import { HandlePush } from '../push/handle-push.js';
import { AssignLeases } from './assign-leases.js';
import { LeaseRequests } from './lease-requests.js';
import { FillPool } from './fill-pool.js';
import { PoolAccounts } from './pool-accounts.js';
import { POOL_STEPS } from './pool-steps.js';
import { ReleaseLease } from './release-lease.js';

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
    const { userId } = await flow.one<{ userId: string }>(
      'select platform_user_id as "userId" from grants where id = $1',
      [(await rowOf(leased.account)).grantId],
    );
    const claims = { algorithm: 'HMAC-SHA256', issued_at: Math.floor(Date.now() / 1_000) + 1, user_id: userId };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const signature = createHmac('sha256', CLIENT_SECRET).update(payload).digest('base64url');
    const body = Buffer.from(new URLSearchParams({ signed_request: `${signature}.${payload}` }).toString());
    const push = { family: 'meta', oauthAppId: appId, topic: 'deauthorize', headers: {}, body };
    expect(await flow.get(HandlePush).execute(push)).toEqual({ kind: 'taken' });
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

  it('is released once by two calls at the same moment', async () => {
    const leased = await lease('x', await connect('x', 'happy'));
    const release = () => flow.get(ReleaseLease).execute({ tenant: customer, id: leased.account });
    const results = await Promise.allSettled([release(), release()]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await eventsOf(leased.account)).toEqual(['account.connected', 'account.disconnected']);
  });
});

/** Whom a persona of the sandbox is at X. */
async function profileOf(persona: string): Promise<{ id: string }> {
  const tenant = flow.tenant;
  const account = await flow.connect('x', persona);
  const found = await flow.one<{ id: string }>('select platform_account_id as id from accounts where id = $1', [
    account,
  ]);
  flow.tenant = tenant;
  return found;
}
