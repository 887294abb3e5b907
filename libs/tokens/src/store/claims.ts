import type { Pool } from 'pg';
import { newId, transaction, type Tx } from '#persistence';
import type { GrantFacts } from '../protocol/grant.js';
import { grantColumns, toGrant } from './grant-columns.js';
import { applyHealth } from './health-store.js';

/** The hold on a grant during one exchange. `grant` is as it was before; its epoch is the claim's own. */
export interface Claim {
  grant: GrantFacts;
  now: Date;
  intentId: string;
  epoch: string;
}

export interface ClaimOptions {
  holder: string;
  /** Also when it is not due. */
  forced: boolean;
}

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
  )
  select ${grantColumns('before')}, before.now, taken.epoch from before, taken`;

/** Claims a grant and notes the intent, in one transaction. Undefined: not due, or somebody else has it. */
export async function claimGrant(tx: Tx, grantId: string, { holder, forced }: ClaimOptions): Promise<Claim | undefined> {
  const { rows } = await tx.query<{ now: Date; epoch: string; tokenVersion: string }>(TAKE, [grantId, holder, forced]);
  const [row] = rows;
  if (!row) return undefined;
  const intentId = newId();
  await tx.query(
    `insert into exchange_intents (id, kind, grant_id, token_version, claim_epoch, holder, state)
     values ($1, 'refresh', $2, $3, $4, $5, 'prepared')`,
    [intentId, grantId, row.tokenVersion, row.epoch, holder],
  );
  return { grant: toGrant(row), now: row.now, intentId, epoch: row.epoch };
}

/** From here on the request may have been sent: who finds this after a crash knows that its outcome is unknown. */
export async function markDispatched(tx: Tx, { grant, epoch, intentId }: Claim, fingerprint: Buffer): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update grants set refresh_state = 'in_flight' where id = $1 and claim_epoch = $2 and refresh_state = 'claimed'`,
    [grant.id, epoch],
  );
  if (rowCount === 0) return false;
  await tx.query(`update exchange_intents set state = 'dispatched', dispatched_at = db_now(), sent_fp = $2 where id = $1`, [
    intentId,
    fingerprint,
  ]);
  return true;
}

export type IntentEnd = 'committed' | 'released' | 'unknown' | 'answered';

export async function endIntent(tx: Tx, intentId: string, state: IntentEnd, errorCode: string | null = null): Promise<void> {
  await tx.query(
    `update exchange_intents set state = $2, error_code = $3, answered_at = db_now(),
       committed_at = case when $2 = 'committed' then db_now() end where id = $1`,
    [intentId, state, errorCode],
  );
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

const EXPIRED = `select id from grants where refresh_state in ('claimed', 'in_flight') and claim_until < db_now()`;

const TAKE_OVER = `
  update grants set claim_holder = null, claim_until = null,
    refresh_state = case when refresh_state = 'in_flight' or unknown_since is not null then 'unknown' else 'backoff' end,
    unknown_since = case when refresh_state = 'in_flight' then coalesce(unknown_since, db_now()) else unknown_since end,
    last_class = case when refresh_state = 'in_flight' then 'temporary' else last_class end,
    last_reason = case when refresh_state = 'in_flight' then 'refresh_outcome_unknown' else last_reason end,
    refresh_due_at = db_now()
  where id = $1 and refresh_state in ('claimed', 'in_flight') and claim_until < db_now()`;

/** Claims whose holder is gone: not sent → as due as before; sent → unknown, due at once, and said of its accounts. */
export async function recoverClaims(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(EXPIRED);
  for (const { id } of rows) {
    await transaction(pool, async (tx) => {
      const { rowCount } = await tx.query(TAKE_OVER, [id]);
      if (rowCount !== 0) await applyHealth(tx, id);
    });
  }
}
