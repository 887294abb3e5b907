import { Inject, Injectable } from '@nestjs/common';
import { Database, type Environment, newId, recordEvent, storeLeasedAccount, type Tenant, type Tx } from '#persistence';
import { providerOf } from '#providers';
import { applyHealth, type TokenContext } from '#tokens';
import {
  accountConnectedThere,
  leaseRequestClosed,
  poolAccountNotAssignable,
  poolAccountsUnknown,
} from '../accounts.errors.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { AccountMoved, transactionOnAccount } from '../policies/account-moved.js';
import { changeLeaseRequest, checkOpen, type LeaseRequestRecord, lockLeaseRequest } from './lease-requests.js';
import { copyOwnToken } from './store-pool-account.js';

export interface AssignLeasesInput {
  environment: Environment;
  requestId: string;
  /** Without repetitions. */
  poolAccountIds: readonly string[];
  /** Runs in the transaction of the assignment. */
  alongside?: (tx: Tx, assigned: LeaseRequestRecord) => Promise<void>;
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
  grantId: string | null;
  health: string | null;
}

const PROJECT_OF = 'select project_id as "projectId" from lease_requests where environment = $1 and id = $2';
const HOLD_PROJECT = 'select 1 from projects where id = $1 and deleted_at is null for key share';
/** Grants are locked before their accounts, and these before their rows in the pool; accounts in the order of a consent. */
const LOCK_GRANTS = `
  select id from grants where id in (
    select grant_id from accounts join pool_accounts pool on pool.account_id = accounts.id where pool.id = any($1))
  order by id for update`;
const LOCK_ACCOUNTS = `
  select 1 from accounts where id in (select account_id from pool_accounts where id = any($1))
  order by platform_account_id collate "C", id for no key update`;
const LOCK_POOL = `
  select id from pool_accounts where environment = $1 and id = any($2) and removed_at is null order by id for update`;
/**
 * A statement of its own, so that it sees what the transactions that held the locks before have stored. The leased accounts are
 * inserted in this order: a consent of the project to the same profiles, which waits for them, has the same.
 */
const READ = `
  select pool.id, pool.provider, pool.state, account.id as "accountId", account.workspace_id as "workspaceId",
    account.grant_id as "grantId", account.health,
    exists (select from leases where pool_account_id = pool.id and ended_at is null) as "isLeased"
  from pool_accounts pool left join accounts account on account.id = pool.account_id
  where pool.id = any($1) order by account.platform_account_id collate "C", pool.id`;
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
  execute(input: AssignLeasesInput): Promise<LeaseRequestRecord> {
    return transactionOnAccount(this.database, (tx) => this.assign(tx, input));
  }

  private async assign(
    tx: Tx,
    { environment, requestId, poolAccountIds, alongside }: AssignLeasesInput,
  ): Promise<LeaseRequestRecord> {
    const request = await lockRequest(tx, environment, requestId);
    checkCount(request, poolAccountIds.length);
    const pooled = await lockPooled(tx, environment, poolAccountIds);
    const accountIds = [...request.accountIds];
    for (const account of pooled) accountIds.push(await this.lease(tx, request, account));
    const isClosed = accountIds.length === request.count;
    const status = isClosed ? 'assigned' : 'partial';
    const assigned = await changeLeaseRequest(tx, { ...request, status, accountIds }, { isClosed });
    await alongside?.(tx, assigned);
    return assigned;
  }

  private async lease(tx: Tx, request: LeaseRequestRecord, pooled: PooledRow): Promise<string> {
    const { accountId, grantId } = checkAssignable(request, pooled);
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
    await applyHealth(tx, grantId);
    return id;
  }
}

/** The project first, as its deletion does, which closes its requests. */
async function lockRequest(tx: Tx, environment: Environment, id: string): Promise<LeaseRequestRecord> {
  const [known] = (await tx.query<{ projectId: string }>(PROJECT_OF, [environment, id])).rows;
  await tx.query(HOLD_PROJECT, [known?.projectId ?? null]);
  return lockLeaseRequest(tx, environment, id);
}

function checkCount(request: LeaseRequestRecord, added: number): void {
  checkOpen(request);
  const left = request.count - request.accountIds.length;
  if (added > left) throw leaseRequestClosed(`The lease request is for ${left} more accounts at most.`);
}

async function lockPooled(tx: Tx, environment: Environment, ids: readonly string[]): Promise<PooledRow[]> {
  const locked = new Set((await tx.query<{ id: string }>(LOCK_GRANTS, [ids])).rows.map(({ id }) => id));
  await tx.query(LOCK_ACCOUNTS, [ids]);
  const known = new Set((await tx.query<{ id: string }>(LOCK_POOL, [environment, ids])).rows.map(({ id }) => id));
  if (known.size !== ids.length) throw poolAccountsUnknown(ids.flatMap((id, at) => (known.has(id) ? [] : [at])));
  const { rows } = await tx.query<PooledRow & Record<string, unknown>>(READ, [ids]);
  if (rows.some(({ grantId }) => grantId !== null && !locked.has(grantId))) throw new AccountMoved();
  return rows;
}

/** Returns the account of the reserved workspace, and its grant. */
function checkAssignable({ provider }: LeaseRequestRecord, pooled: PooledRow): Record<'accountId' | 'grantId', string> {
  const refuse = (reason: string): Error => poolAccountNotAssignable(`An account of the pool ${reason}.`);
  const { state, accountId, grantId, health } = pooled;
  if (pooled.provider !== provider) throw refuse(`is of ${pooled.provider}, and the request is for ${provider}`);
  if (pooled.isLeased) throw refuse('is leased already');
  if (state !== 'ready' || accountId === null || grantId === null) throw refuse(`is ${state}, not ready`);
  if (health !== 'active') throw refuse(`has the health ${health}`);
  return { accountId, grantId };
}
