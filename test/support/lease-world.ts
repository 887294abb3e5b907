import { Secret } from '#observability';
import type { Tenant } from '#persistence';
import { AssignLeases } from '../../libs/accounts/src/leases/assign-leases.js';
import { FillPool } from '../../libs/accounts/src/leases/fill-pool.js';
import { LeaseRequests } from '../../libs/accounts/src/leases/lease-requests.js';
import { PoolAccounts } from '../../libs/accounts/src/leases/pool-accounts.js';
import { POOL_STEPS } from '../../libs/accounts/src/leases/pool-steps.js';
import { ReleaseLease } from '../../libs/accounts/src/leases/release-lease.js';
import { RemovePoolAccount } from '../../libs/accounts/src/leases/remove-pool-account.js';
import { Flow } from './flow.js';
import { HeldTable } from './held-table.js';
import { makeProject, makeTenant } from './rows.js';

/** Tokens that are not checked at the platform. */
export const SUPPLIED = { accessToken: new Secret('a-token-of-the-platform'), profileFields: {} };

export interface LeasedPair {
  /** In the pool. */
  pooled: string;
  /** Of the customer. */
  account: string;
}

export interface OpenLease {
  pooled: string;
  account: string;
  health: string;
  grantId: string;
  pooledGrantId: string;
}

const OPEN_LEASES = `
  select lease.pool_account_id as pooled, account.id as account, account.health, account.grant_id as "grantId",
    pooled.grant_id as "pooledGrantId"
  from leases lease join accounts account on account.id = lease.account_id
  join pool_accounts pool on pool.id = lease.pool_account_id join accounts pooled on pooled.id = pool.account_id
  where lease.ended_at is null`;

/** An operator with a pool, and a customer with a project, in front of the sandbox. */
export class LeaseWorld {
  operator!: Tenant;
  customer!: Tenant;
  /** Of the customer. */
  project!: string;

  private constructor(readonly flow: Flow) {}

  static async open(): Promise<LeaseWorld> {
    return new LeaseWorld(await Flow.open());
  }

  close(): Promise<void> {
    return this.flow.close();
  }

  /** An empty pool, whose operator is the tenant of the flow, and a new customer with one project. */
  async begin({ isDefaultProject = false } = {}): Promise<void> {
    await this.flow.begin();
    await this.flow.pool.query('truncate leases, lease_requests, pool_accounts');
    await this.flow.pool.query("update accounts set health = 'disconnected'");
    this.operator = this.flow.tenant;
    this.customer = await makeTenant(this.flow.pool);
    this.project = await makeProject(this.flow.pool, this.customer, isDefaultProject);
  }

  /** Adds a profile with tokens that are not checked. Returns its id in the pool. */
  async supply(platformAccountId = '1001', provider = 'x', profileFields = {}): Promise<string> {
    const supplied = { operator: this.operator, provider, platformAccountId, verify: false };
    const { account } = await this.flow.get(FillPool).add({ ...supplied, credentials: { ...SUPPLIED, profileFields } });
    return account.id;
  }

  async prepare(pooled: string): Promise<string> {
    for (const name of POOL_STEPS)
      await this.flow.get(PoolAccounts).setStep('test', pooled, { name, state: 'done', note: null });
    return pooled;
  }

  async ready(...supplied: Parameters<LeaseWorld['supply']>): Promise<string> {
    return this.prepare(await this.supply(...supplied));
  }

  /** Starts the consent of a person at the app of the operator, who has decided. The result brings the browser back. */
  async consent(
    provider: string,
    persona: string,
    oauthAppId?: string,
  ): Promise<{ pooled: string; callback: () => Promise<unknown> }> {
    const input = { operator: this.operator, createdBy: 'an operator', provider, oauthAppId };
    const { account, authorizeUrl } = await this.flow.get(FillPool).connect(input);
    const back = await this.flow.decide(authorizeUrl, persona);
    return { pooled: account.id, callback: () => this.flow.callback(back) };
  }

  /** Returns the id in the pool. */
  async connect(provider: string, persona: string): Promise<string> {
    const { pooled, callback } = await this.consent(provider, persona);
    await callback();
    return pooled;
  }

  request(provider = 'x', count = 2): Promise<string> {
    const { customer: tenant, project: projectId } = this;
    return this.flow.get(LeaseRequests).create({ tenant, projectId, provider, count });
  }

  async assign(requestId: string, ...poolAccountIds: string[]): Promise<string[]> {
    const assigned = await this.flow.get(AssignLeases).execute({ environment: 'test', requestId, poolAccountIds });
    return assigned.accountIds;
  }

  /** Prepares an account of the pool, and leases it to the customer. */
  async lease(provider: string, pooled: string): Promise<LeasedPair> {
    await this.prepare(pooled);
    const [account] = await this.assign(await this.request(provider, 1), pooled);
    return { pooled, account: account! };
  }

  release(id: string): Promise<unknown> {
    return this.flow.get(ReleaseLease).execute({ tenant: this.customer, id });
  }

  endLease(pooled: string, note?: string): Promise<unknown> {
    return this.flow.get(ReleaseLease).executeForOperator({ environment: 'test', poolAccountId: pooled, note });
  }

  remove(pooled: string): Promise<void> {
    return this.flow.get(RemovePoolAccount).execute('test', pooled);
  }

  openLeases(): Promise<OpenLease[]> {
    return this.flow.many(OPEN_LEASES);
  }

  /** The profile of a persona at a platform, which is connected nowhere afterwards. */
  async profileOf(persona: string, provider = 'x'): Promise<string> {
    const account = await this.flow.connect(provider, persona);
    const { id } = await this.flow.one<{ id: string }>(
      "update accounts set health = 'disconnected' where id = $1 returning platform_account_id as id",
      [account],
    );
    return id;
  }

  /**
   * Starts the first and then the second; both wait for the lock of the table, or one for the other, before they continue. Returns
   * how they ended.
   */
  async meet(table: string, first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<string[]> {
    const held = await HeldTable.hold(this.flow.pool, table);
    const one = outcomeOf(first());
    await held.isWaitedFor(1);
    const two = outcomeOf(second());
    await held.isWaitedFor(2);
    await held.release();
    return Promise.all([one, two]);
  }
}

/** `done`, or the code of the error. */
export const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
