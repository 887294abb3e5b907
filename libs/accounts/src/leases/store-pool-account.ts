import { newId, renewLeasedAccount, type Tenant, type Tx } from '#persistence';
import { applyHealth, databaseTime, type TokenContext } from '#tokens';
import { RESERVED_WORKSPACE } from '../workspaces/ensure-workspace.js';
import { newSteps } from './pool-steps.js';

interface NewPoolAccount extends Tenant {
  provider: string;
  /** Of the reserved workspace. */
  accountId: string | null;
  /** The attempt that connects the account. */
  attemptId: string | null;
}

const INSERT = `
  insert into pool_accounts (id, workspace_id, environment, provider, account_id, attempt_id, steps)
  values ($1, $2, $3, $4, $5, $6, $7) on conflict (account_id) do nothing returning id`;
const OF_ACCOUNT = 'select id from pool_accounts where account_id = $1';

/** Adds an account to the pool. Returns the id in the pool, which a profile keeps that is there already. */
export async function addToPool(tx: Tx, account: NewPoolAccount): Promise<{ id: string; isNew: boolean }> {
  const { workspaceId, environment, provider, accountId, attemptId } = account;
  const id = newId();
  const steps = JSON.stringify(newSteps(new Date(await databaseTime(tx))));
  const inserted = await tx.query(INSERT, [id, workspaceId, environment, provider, accountId, attemptId, steps]);
  if (inserted.rowCount === 1) return { id, isNew: true };
  const { rows } = await tx.query<{ id: string }>(OF_ACCOUNT, [accountId]);
  if (!rows[0]) throw new Error('an account of the pool was not stored');
  return { id: rows[0].id, isNew: false };
}

const IS_RESERVED = 'select 1 from workspaces where id = $1 and name = $2';
const KNOWN = 'select account_id as id from pool_accounts where account_id = any($1)';
const FILL = 'update pool_accounts set account_id = $2 where attempt_id = $1 and account_id is null returning id';
const DROP = 'delete from pool_accounts where attempt_id = $1 and account_id is null';

/**
 * Puts what a consent in the reserved workspace connected into the pool, in its transaction. Of several profiles each becomes an
 * account of the pool. A profile that is in the pool already keeps its id there.
 */
export async function addConnected(
  context: TokenContext,
  tx: Tx,
  attempt: Tenant & { id: string; provider: string },
  accountIds: readonly string[],
): Promise<void> {
  const reserved = await tx.query(IS_RESERVED, [attempt.workspaceId, RESERVED_WORKSPACE]);
  if (reserved.rowCount !== 1) return;
  const known = new Set((await tx.query<{ id: string }>(KNOWN, [accountIds])).rows.map(({ id }) => id));
  const [first, ...others] = accountIds.filter((id) => !known.has(id));
  if (first === undefined) await tx.query(DROP, [attempt.id]);
  else if ((await tx.query(FILL, [attempt.id, first])).rowCount !== 1) others.push(first);
  for (const accountId of others) await addToPool(tx, { ...attempt, accountId, attemptId: null });
  for (const accountId of known) await followPoolAccount(context, tx, accountId);
}

const LEASED = `
  select account.id, account.workspace_id as "workspaceId", account.environment, pooled.grant_id as "grantId",
    pooled.workspace_id as "poolWorkspaceId"
  from pool_accounts pool join leases lease on lease.pool_account_id = pool.id and lease.ended_at is null
  join accounts account on account.id = lease.account_id join accounts pooled on pooled.id = pool.account_id
  where pool.account_id = $1 for update of lease`;

interface LeasedRow extends Tenant {
  id: string;
  grantId: string;
  poolWorkspaceId: string;
}

/**
 * The running lease of an account of the pool that has got new tokens uses these too. The caller holds the grant. The lock of the
 * lease waits for a release, after which nothing follows.
 */
export async function followPoolAccount(context: TokenContext, tx: Tx, accountId: string): Promise<void> {
  const { rows } = await tx.query<LeasedRow & Record<string, unknown>>(LEASED, [accountId]);
  for (const leased of rows) {
    await renewLeasedAccount(tx, leased.id, accountId);
    await copyOwnToken(context, tx, { ...leased, workspaceId: leased.poolWorkspaceId, id: accountId }, leased);
    await applyHealth(tx, leased.grantId);
  }
}

interface AccountId extends Tenant {
  id: string;
}

/** A Page has a token of its own beside that of its grant: a leased Page gets a copy, which a refresh renews like the first. */
export async function copyOwnToken(context: TokenContext, tx: Tx, from: AccountId, to: AccountId): Promise<void> {
  const token = await context.vault.openAccountToken(tx, from);
  if (token) await context.vault.sealAccountToken(tx, to, token);
}
