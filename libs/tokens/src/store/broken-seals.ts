import { SealBroken } from '#crypto';
import { type Tenant, transaction, type Tx } from '#persistence/sql';
import {
  type BrokenSeal,
  claimBrokenSeals,
  deleteBrokenSeal,
  noteBrokenSeal,
  SEALED_TABLES,
} from '#persistence/sealed';
import { SEAL_BROKEN } from '../protocol/health.js';
import type { TokenContext } from '../token-context.js';
import { readLockedGrant, refreshNow } from './grants/grants.js';
import { applyHealth } from './health-store.js';

/** Seconds after which a caller may repeat the request: an operator has to act first. */
export const SEAL_RETRY_AFTER_SECONDS = 60;

const MAX_ROWS = 1_000;

/**
 * Stores that a row does not open and derives the health of its accounts. It uses connections of its own, and rows may be
 * locked: a transaction that holds a grant must have ended. Throws any other error.
 */
export async function reportBrokenSeal(
  { pool, logger }: Pick<TokenContext, 'pool' | 'logger'>,
  error: unknown,
): Promise<void> {
  if (!(error instanceof SealBroken)) throw error;
  const { row } = error;
  logger.error({ err: error, ...(row && { table: row.table, owner: row.rowId }) }, 'seal.broken');
  if (!row || !(await noteBrokenSeal(pool, { table: row.table, ownerId: row.rowId }))) return;
  await deriveAnew({ pool }, [row.rowId]);
}

/**
 * Reopens the rows that did not open, and derives the health of the accounts that it has changed for. Returns how many
 * rows open again or are gone.
 */
export async function sweepBrokenSeals(context: TokenContext): Promise<number> {
  let reopened = 0;
  for (const seal of await claimBrokenSeals(context.pool, MAX_ROWS)) {
    if (!(await opensAgain(context, seal))) continue;
    await deleteBrokenSeal(context.pool, seal);
    reopened += 1;
  }
  await deriveAnew(context, null);
  return reopened;
}

async function opensAgain({ pool, vault }: TokenContext, { table: name, ownerId }: BrokenSeal): Promise<boolean> {
  const owned = SEALED_TABLES.find(({ table }) => table.name === name);
  if (!owned) return true;
  const { rows } = await pool.query<Tenant>(
    `select workspace_id as "workspaceId", environment from ${owned.owners} owner where id = $1`,
    [ownerId],
  );
  return !rows[0] || vault.opens(pool, owned.table, { ...rows[0], id: ownerId });
}

const HAS_BROKEN = `exists (select from broken_seals where owner_id in
  (case when account.own_token then account.id else account.grant_id end, grant_.oauth_app_id))`;
const STANDS = `account.health not in ('disconnected', 'needs_reauth') and account.health_reason is distinct from '${SEAL_BROKEN}'`;

/** The grants whose accounts do not show a broken seal yet, or still show one that opens. $1: of these owners; null: all. */
const CHANGED = `
  with related as (
    select grants.id from grants join broken_seals on owner_id = grants.id where $1::uuid[] is null or owner_id = any ($1)
    union select grants.id from grants join broken_seals on owner_id = oauth_app_id where $1 is null or owner_id = any ($1)
    union select grant_id from accounts join broken_seals on owner_id = accounts.id where $1 is null or owner_id = any ($1)
  )
  select distinct grant_.id from related join grants grant_ on grant_.id = related.id
    join accounts account on account.grant_id = grant_.id
  where ${STANDS} and ${HAS_BROKEN}
  union
  select distinct grant_.id from accounts account join grants grant_ on grant_.id = account.grant_id
  where $1 is null and account.health_reason = '${SEAL_BROKEN}' and account.health <> 'disconnected' and not ${HAS_BROKEN}
  limit ${MAX_ROWS}`;

async function deriveAnew({ pool }: Pick<TokenContext, 'pool'>, ownerIds: string[] | null): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(CHANGED, [ownerIds]);
  for (const { id } of rows) await transaction(pool, (tx) => derive(tx, id, ownerIds === null));
}

async function derive(tx: Tx, grantId: string, mayOpenAgain: boolean): Promise<void> {
  const read = await readLockedGrant(tx, grantId);
  // What waits because of the seal is due now; while it is broken, the claim fails and waits again.
  if (mayOpenAgain && read?.grant.lastError === SEAL_BROKEN) await refreshNow(tx, grantId, new Date(0));
  await applyHealth(tx, grantId);
}
