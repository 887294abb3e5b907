import { Inject, Injectable } from '@nestjs/common';
import {
  Database,
  type Environment,
  newId,
  recordEvent,
  storeLeasedAccount,
  type Tenant,
  transaction,
  type Tx,
} from '#persistence';
import { providerOf } from '#providers';
import { applyHealth, type TokenContext } from '#tokens';
import {
  accountConnectedThere,
  invalidField,
  leaseRequestClosed,
  poolAccountNotAssignable,
} from '../accounts.errors.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { closeLeaseRequest, type LeaseRequestRecord, lockLeaseRequest } from './lease-requests.js';
import { copyOwnToken } from './store-pool-account.js';

export interface AssignLeasesInput {
  environment: Environment;
  requestId: string;
  /** Without repetitions. */
  poolAccountIds: readonly string[];
}

interface PooledRow {
  /** In the pool. */
  id: string;
  provider: string;
  state: string;
  isLeased: boolean;
  /** Of the reserved workspace; null: not connected. */
  accountId: string | null;
  workspaceId: string;
  grantId: string;
  health: string | null;
}

const HOLD_PROJECT = 'select 1 from projects where id = $1 and deleted_at is null for key share';
/** Grants are locked before everything that belongs to them, in one order. */
const LOCK_GRANTS = `
  select 1 from grants where id in (
    select grant_id from accounts join pool_accounts pool on pool.account_id = accounts.id where pool.id = any($1))
  order by id for update`;
const LOCK_POOL = 'select 1 from pool_accounts where environment = $1 and id = any($2) order by id for update';
/** A statement of its own, so that it sees the leases of the transaction that held the locks before. */
const READ = `
  select pool.id, pool.provider, pool.state, account.id as "accountId", account.workspace_id as "workspaceId",
    account.grant_id as "grantId", account.health,
    exists (select from leases where pool_account_id = pool.id and ended_at is null) as "isLeased"
  from pool_accounts pool left join accounts account on account.id = pool.account_id
  where pool.id = any($1) order by pool.id`;
const INSERT_LEASE = `
  insert into leases (id, workspace_id, environment, request_id, pool_account_id, account_id) values ($1, $2, $3, $4, $5, $6)`;

/**
 * Leases accounts of the pool to the project of a request, all of them or none. Each becomes another account in that project,
 * with a history of its own, on the grant of the pool.
 */
@Injectable()
export class AssignLeases {
  constructor(
    private readonly database: Database,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws lease_request.not_found, lease_request.closed, pool_account.not_assignable, account.connected_there and validation.failed. */
  execute({ environment, requestId, poolAccountIds }: AssignLeasesInput): Promise<LeaseRequestRecord> {
    return transaction(this.database.pool, async (tx) => {
      const request = await lockLeaseRequest(tx, environment, requestId);
      checkCount(request, poolAccountIds.length);
      const held = await tx.query(HOLD_PROJECT, [request.projectId]);
      if (held.rowCount !== 1) throw leaseRequestClosed('The project of the lease request was deleted.');
      const pooled = await lockPooled(tx, environment, poolAccountIds);
      const accountIds: string[] = [];
      for (const account of pooled) accountIds.push(await this.lease(tx, request, account));
      const all = [...request.accountIds, ...accountIds];
      const status = all.length === request.count ? 'assigned' : 'partial';
      await closeLeaseRequest(tx, requestId, status);
      return { ...request, status, accountIds: all };
    });
  }

  private async lease(tx: Tx, request: LeaseRequestRecord, pooled: PooledRow): Promise<string> {
    const accountId = checkAssignable(request, pooled);
    const { workspaceId, environment, projectId } = request;
    const tenant: Tenant = { workspaceId, environment };
    const id = newId();
    const nextProbeSeconds = providerOf(pooled.provider).probe.every / 1_000;
    if (!(await storeLeasedAccount(tx, { ...tenant, id, projectId, poolAccountId: accountId, nextProbeSeconds })))
      throw accountConnectedThere();
    await tx.query(INSERT_LEASE, [newId(), workspaceId, environment, request.id, pooled.id, id]);
    await copyOwnToken(
      this.context,
      tx,
      { ...tenant, workspaceId: pooled.workspaceId, id: accountId },
      { ...tenant, id },
    );
    await recordEvent(tx, { ...tenant, accountId: id, type: 'account.connected', data: { leased: true } });
    await applyHealth(tx, pooled.grantId);
    return id;
  }
}

function checkCount({ status, count, accountIds }: LeaseRequestRecord, added: number): void {
  if (status === 'assigned' || status === 'rejected')
    throw leaseRequestClosed(`The lease request is ${status} already.`);
  const left = count - accountIds.length;
  if (added > left) throw leaseRequestClosed(`The lease request is for ${left} more accounts at most.`);
}

async function lockPooled(tx: Tx, environment: Environment, ids: readonly string[]): Promise<PooledRow[]> {
  await tx.query(LOCK_GRANTS, [ids]);
  const { rowCount } = await tx.query(LOCK_POOL, [environment, ids]);
  if (rowCount !== ids.length)
    throw invalidField('leased_account_ids', 'holds one that is not in the pool of this environment');
  return (await tx.query<PooledRow & Record<string, unknown>>(READ, [ids])).rows;
}

/** Returns the account of the reserved workspace. */
function checkAssignable({ provider }: LeaseRequestRecord, pooled: PooledRow): string {
  const refuse = (reason: string): Error => poolAccountNotAssignable(`An account of the pool ${reason}.`);
  if (pooled.provider !== provider) throw refuse(`is of ${pooled.provider}, and the request is for ${provider}`);
  if (pooled.isLeased) throw refuse('is leased already');
  if (pooled.state !== 'ready' || pooled.accountId === null) throw refuse(`is ${pooled.state}, not ready`);
  if (pooled.health !== 'active') throw refuse(`has the health ${pooled.health}`);
  return pooled.accountId;
}
