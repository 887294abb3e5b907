import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '#observability';
import type { Tenant } from '#persistence';
import { Flow } from '../../../../test/support/flow.js';
import { HeldTable } from '../../../../test/support/held-table.js';
import { makeProject, makeTenant } from '../../../../test/support/rows.js';
import { CreateAccount } from '../accounts/create-account.js';
import { Projects } from '../projects/projects.js';
import { AssignLeases } from './assign-leases.js';
import { FillPool } from './fill-pool.js';
import { LeaseRequests } from './lease-requests.js';
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
beforeEach(async () => {
  await flow.begin();
  await flow.pool.query('truncate leases, lease_requests, pool_accounts');
  await flow.pool.query("update accounts set health = 'disconnected'");
  operator = flow.tenant;
  customer = await makeTenant(flow.pool);
  project = await makeProject(flow.pool, customer);
});

const TOKENS = { accessToken: new Secret('a-token-of-the-platform'), profileFields: {} };

/** Adds a profile with tokens that are not checked, and prepares it. Returns its id in the pool. */
async function ready(platformAccountId = '1001', provider = 'x', profileFields = {}): Promise<string> {
  const supplied = { operator, provider, platformAccountId, verify: false };
  const { account } = await flow.get(FillPool).add({ ...supplied, credentials: { ...TOKENS, profileFields } });
  for (const name of POOL_STEPS)
    await flow.get(PoolAccounts).setStep('test', account.id, { name, state: 'done', note: null });
  return account.id;
}

const request = (provider = 'x'): Promise<string> =>
  flow.get(LeaseRequests).create({ tenant: customer, projectId: project, provider, count: 2 });

async function assign(requestId: string, ...poolAccountIds: string[]): Promise<string[]> {
  const assigned = await flow.get(AssignLeases).execute({ environment: 'test', requestId, poolAccountIds });
  return assigned.accountIds;
}
const release = (id: string): Promise<unknown> => flow.get(ReleaseLease).execute({ tenant: customer, id });
const remove = (id: string): Promise<void> => flow.get(RemovePoolAccount).execute('test', id);

/**
 * Starts the first and then the second; both wait for the lock of the table, or one for the other, before they continue. Returns
 * how they ended.
 */
async function meet(table: string, first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<string[]> {
  const held = await HeldTable.hold(flow.pool, table);
  const one = outcomeOf(first());
  await held.isWaitedFor(1);
  const two = outcomeOf(second());
  await held.isWaitedFor(2);
  await held.release();
  return Promise.all([one, two]);
}

const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

const openLeases = (): Promise<
  { pooled: string; account: string; health: string; grantId: string; pooledGrantId: string }[]
> =>
  flow.many(`
    select lease.pool_account_id as pooled, account.id as account, account.health, account.grant_id as "grantId",
      pooled.grant_id as "pooledGrantId"
    from leases lease join accounts account on account.id = lease.account_id
    join pool_accounts pool on pool.id = lease.pool_account_id join accounts pooled on pooled.id = pool.account_id
    where lease.ended_at is null`);

/** The profile of a persona at X. */
async function profileOf(persona: string): Promise<string> {
  const account = await flow.connect('x', persona);
  const { id } = await flow.one<{ id: string }>('select platform_account_id as id from accounts where id = $1', [
    account,
  ]);
  await flow.pool.query("update accounts set health = 'disconnected' where id = $1", [account]);
  return id;
}

/** Through the consent of a person at the app of the operator. */
async function consent(provider: string, persona: string): Promise<() => Promise<unknown>> {
  const { authorizeUrl } = await flow.get(FillPool).connect({ operator, createdBy: 'an operator', provider });
  const callback = await flow.decide(authorizeUrl, persona);
  return () => flow.callback(callback);
}

describe('an account of the pool', () => {
  it('is leased once when two operators assign it to two requests', async () => {
    const [pooled, one, two] = [await ready(), await request(), await request()];
    const ended = await meet(
      'leases',
      () => assign(one, pooled),
      () => assign(two, pooled),
    );
    expect(ended).toEqual(['done', 'pool_account.not_assignable']);
    expect(await openLeases()).toHaveLength(1);
  });

  it('is leased again when its release comes before the assignment', async () => {
    const [pooled, one, two] = [await ready(), await request(), await request()];
    const [former] = await assign(one, pooled);
    const ended = await meet(
      'leases',
      () => release(former!),
      () => assign(two, pooled),
    );
    expect(ended).toEqual(['done', 'done']);
    expect(await openLeases()).toEqual([expect.objectContaining({ pooled, health: 'active' })]);
    expect((await openLeases())[0]!.account).not.toBe(former);
  });

  it('stays in the pool when an assignment comes before its removal', async () => {
    const [pooled, one] = [await ready(), await request()];
    const ended = await meet(
      'leases',
      () => assign(one, pooled),
      () => remove(pooled),
    );
    expect(ended).toEqual(['done', 'pool_account.leased']);
    expect(await openLeases()).toHaveLength(1);
    expect(await flow.many('select 1 from pending_revocations')).toEqual([]);
  });

  it('is not leased when its removal comes before the assignment', async () => {
    const [pooled, one] = [await ready(), await request()];
    const ended = await meet(
      'pool_accounts',
      () => remove(pooled),
      () => assign(one, pooled),
    );
    expect(ended).toEqual(['done', 'validation.failed']);
    expect(await flow.many('select 1 from leases')).toEqual([]);
    expect(await outcomeOf(remove(pooled))).toBe('pool_account.not_found');
  });
});

describe('a project that is deleted', () => {
  it('stays when an assignment to it came first', async () => {
    const [pooled, one] = [await ready(), await request()];
    const ended = await meet(
      'leases',
      () => assign(one, pooled),
      () => flow.get(Projects).delete({ tenant: customer, id: project }),
    );
    expect(ended).toEqual(['done', 'project.in_use']);
  });

  it('closes its open requests, so that a later assignment is refused', async () => {
    const [pooled, one] = [await ready(), await request()];
    const ended = await meet(
      'lease_requests',
      () => flow.get(Projects).delete({ tenant: customer, id: project }),
      () => assign(one, pooled),
    );
    expect(ended).toEqual(['done', 'lease_request.closed']);
    expect(await openLeases()).toEqual([]);
    const [closed] = (await flow.get(LeaseRequests).list({ environment: 'test', isOpen: false, limit: 5 })).items;
    expect(closed).toMatchObject({ id: one, status: 'rejected', reason: 'The project was deleted.' });
  });
});

describe('a consent that moves an account of the pool to another grant', () => {
  it('moves a lease to its grant that is assigned at the same moment', async () => {
    const profile = await profileOf('happy');
    const [pooled, one, connect] = [await ready(profile), await request(), await consent('x', 'happy')];
    expect(await meet('leases', () => assign(one, pooled), connect)).toEqual(['done', 'done']);
    const [lease] = await openLeases();
    expect(lease).toMatchObject({ health: 'active', grantId: lease!.pooledGrantId });
  });

  it('lets an assignment that waits for it begin again with the new grant', async () => {
    const profile = await profileOf('happy');
    const [pooled, one, connect] = [await ready(profile), await request(), await consent('x', 'happy')];
    const { grantId } = await flow.one<{ grantId: string }>(
      `select grant_id as "grantId" from accounts where platform_account_id = $1 and health <> 'disconnected'`,
      [profile],
    );
    expect(await meet('outbox', connect, () => assign(one, pooled))).toEqual(['done', 'done']);
    const [lease] = await openLeases();
    expect(lease).toMatchObject({ health: 'active', grantId: lease!.pooledGrantId });
    expect(lease!.grantId).not.toBe(grantId);
  });

  it('leaves no token with a lease that is released at the same moment', async () => {
    await flow.app('facebook', { isDefault: true });
    await (
      await consent('facebook', 'one-page')
    )();
    const { id, pageId } = await flow.one<Record<'id' | 'pageId', string>>(
      `select pool.id, account.platform_account_id as "pageId" from pool_accounts pool
       join accounts account on account.id = pool.account_id`,
    );
    await remove(id);
    const pooled = await ready(pageId, 'facebook', { page_id: pageId });
    const [leased] = await assign(await request('facebook'), pooled);
    const connect = await consent('facebook', 'one-page');
    expect(await meet('account_tokens', () => release(leased!), connect)).toEqual(['done', 'done']);
    expect(await openLeases()).toEqual([]);
    expect(await flow.many('select 1 from account_tokens where account_id = $1', [leased])).toEqual([]);
  });
});

describe('a profile that its project connects by hand', () => {
  const supply = (): Promise<unknown> =>
    flow.get(CreateAccount).execute({
      ...{ tenant: customer, provider: 'x', platformAccountId: '1001', projectId: project },
      ...{ verify: false, credentials: TOKENS },
    });

  it('is refused where the project leases it at the same moment', async () => {
    const [pooled, one] = [await ready(), await request()];
    expect(await meet('leases', () => assign(one, pooled), supply)).toEqual(['done', 'account.leased']);
  });

  it('is not leased to the project at the same moment', async () => {
    const [pooled, one] = [await ready(), await request()];
    expect(await meet('outbox', supply, () => assign(one, pooled))).toEqual(['done', 'account.connected_there']);
    expect(await openLeases()).toEqual([]);
  });
});
