import type { Pool } from 'pg';
import { newId, transaction, type Tx } from '#persistence/sql';
import { type GrantFacts, stateBefore } from '../../protocol/grant.js';
import { takeOver } from '../../protocol/take-over.js';
import { changeGrant, grantColumns, readGrant, toGrant } from './grants.js';
import { applyHealth } from '../health-store.js';
import { endIntent, type IntentRow } from './intents.js';

/** The hold on a grant during one exchange. `grant` is as it was before; its epoch is the claim's own. */
export interface Claim {
  grant: GrantFacts;
  now: Date;
  /** When it was taken: before `now` where it is rebuilt. */
  claimedAt: Date;
  intentId: string;
  epoch: string;
}

export interface ClaimOptions {
  holder: string;
  /** Also when it is not due. */
  forced: boolean;
  /** The id that its intent gets. */
  intentId?: string;
}

/** One statement, so that a claim costs one round trip: `before` is the grant as it was. */
const TAKE = `
  with before as (
    select *, db_now() as now from grants
    where id = $1 and refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and ($3 or refresh_due_at <= db_now())
    for update
  ), taken as (
    update grants set refresh_state = 'claimed', claim_epoch = grants.claim_epoch + 1, claim_holder = $2,
      claim_until = db_now() + interval '150 seconds'
    from before where grants.id = before.id
    returning grants.claim_epoch as epoch
  ), noted as (
    insert into exchange_intents (id, kind, grant_id, token_version, claim_epoch, holder, state)
    select $4, 'refresh', before.id, before.token_version, taken.epoch, $2, 'prepared' from before, taken
  )
  select ${grantColumns('before')}, before.now, taken.epoch from before, taken`;

/** Claims a grant and notes the intent. Undefined: not due, or another process holds it. */
export async function claimGrant(
  tx: Tx,
  grantId: string,
  { holder, forced, intentId = newId() }: ClaimOptions,
): Promise<Claim | undefined> {
  const { rows } = await tx.query<{ now: Date; epoch: string }>(TAKE, [grantId, holder, forced, intentId]);
  const [row] = rows;
  return row && { grant: toGrant(row), now: row.now, claimedAt: row.now, intentId, epoch: row.epoch };
}

const MARK = `
  with mine as (
    update grants set refresh_state = 'in_flight', claim_until = db_now() + interval '150 seconds'
    where id = $1 and claim_epoch = $2 and refresh_state = 'claimed' returning id
  )
  update exchange_intents set state = 'dispatched', dispatched_at = db_now(), sent_fp = $4
  where id = $3 and exists (select 1 from mine)`;

/**
 * From here on the request may have been sent: for a process that finds this after a crash, its outcome is unknown. The claim is
 * renewed, for it has to outlast the wait for the answer, whatever came before.
 */
export async function markDispatched(tx: Tx, { grant, epoch, intentId }: Claim, fingerprint: Buffer): Promise<boolean> {
  const { rowCount } = await tx.query(MARK, [grant.id, epoch, intentId, fingerprint]);
  return rowCount !== 0;
}

/** Gives a claim back as it was, unless a reconnect or a disconnect has taken it away. */
export async function releaseClaim(tx: Tx, { grant, epoch, intentId }: Claim): Promise<void> {
  await tx.query(
    `update grants set refresh_state = $3, claim_holder = null, claim_until = null
     where id = $1 and claim_epoch = $2 and refresh_state in ('claimed', 'in_flight')`,
    [grant.id, epoch, grant.refreshState],
  );
  await endIntent(tx, intentId, 'released');
}

/** The claim behind an intent, rebuilt from the row: the grant before the exchange, as far as its facts show. */
export async function claimOf(
  tx: Tx,
  { id, grantId, claimEpoch, tokenVersion, preparedAt }: IntentRow,
): Promise<Claim | undefined> {
  const read = grantId === null ? undefined : await readGrant(tx, grantId);
  if (!read) return undefined;
  const grant = {
    ...read.grant,
    refreshState: stateBefore(read.grant),
    tokenVersion: tokenVersion ?? read.grant.tokenVersion,
  };
  return { grant, now: read.now, claimedAt: preparedAt, intentId: id, epoch: claimEpoch ?? '0' };
}

const EXPIRED = `select id from grants where refresh_state in ('claimed', 'in_flight') and claim_until < db_now()`;

/** A claim without a holder is one whose holder was called. */
const HELD_NO_MORE = `
  select ${grantColumns('grants')}, db_now() as now, claim_holder is null as called from grants
  where id = $1 and refresh_state in ('claimed', 'in_flight') and claim_until < db_now() for update`;

/** Claims whose holder is gone: not sent → due; sent → after a last call unknown, due at once, and shown at its accounts. */
export async function releaseExpiredClaims(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(EXPIRED);
  for (const { id } of rows) await transaction(pool, (tx) => releaseExpiredClaim(tx, id));
}

async function releaseExpiredClaim(tx: Tx, grantId: string): Promise<void> {
  const { rows } = await tx.query<{ now: Date; called: boolean }>(HELD_NO_MORE, [grantId]);
  if (!rows[0]) return;
  const { called, now, ...grant } = rows[0] as GrantFacts & { now: Date; called: boolean };
  const fate = takeOver(grant, called, now);
  if ('until' in fate) {
    await tx.query('update grants set claim_holder = null, claim_until = $2 where id = $1', [grantId, fate.until]);
    return;
  }
  await changeGrant(tx, grant, fate.change);
  await applyHealth(tx, grantId);
}
