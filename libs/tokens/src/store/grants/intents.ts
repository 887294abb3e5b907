import type { Tx } from '#persistence/sql';

/*
 * | state        | meaning                                                          | next                            |
 * | ------------ | ---------------------------------------------------------------- | ------------------------------- |
 * | `prepared`   | noted; nothing was sent                                          | dispatched, released            |
 * | `dispatched` | the request may have been sent                                   | any of the below                |
 * | `committed`  | the tokens are stored                                            | none                            |
 * | `answered`   | an answer without tokens, or tokens that are not the grant's     | none                            |
 * | `unknown`    | no readable answer                                               | none                            |
 * | `released`   | nothing was sent                                                 | none                            |
 *
 * claims.ts prepares and dispatches the intents of refreshes, together with their claims.
 */
export type IntentEnd = 'committed' | 'released' | 'unknown' | 'answered';

/** An exchange as the database noted it. Versions and epochs are bigints as text. */
export interface IntentRow {
  id: string;
  state: 'prepared' | 'dispatched' | IntentEnd;
  grantId: string | null;
  attemptId: string | null;
  tokenVersion: string | null;
  claimEpoch: string | null;
  preparedAt: Date;
}

const COLUMNS = `id, state, grant_id as "grantId", attempt_id as "attemptId", token_version as "tokenVersion", claim_epoch as "claimEpoch", prepared_at as "preparedAt"`;

/** A commit whose confirmation was lost stays one. */
export async function endIntent(
  tx: Tx,
  intentId: string,
  state: IntentEnd,
  errorCode: string | null = null,
): Promise<void> {
  await tx.query(
    `update exchange_intents set state = $2, error_code = $3, answered_at = db_now(),
       committed_at = case when $2 = 'committed' then db_now() end where id = $1 and state <> 'committed'`,
    [intentId, state, errorCode],
  );
}

export async function readIntent(tx: Tx, intentId: string): Promise<IntentRow | undefined> {
  const { rows } = await tx.query<IntentRow & Record<string, unknown>>(
    `select ${COLUMNS} from exchange_intents where id = $1`,
    [intentId],
  );
  return rows[0];
}

/** An exchange of which the database has lost the note: all that a journal holds of it. */
export interface LostIntent {
  intentId: string;
  subjectId: string;
  version: string | null;
  /** Null: unknown. */
  claimedAt: Date | null;
  holder: string;
}

/** With its claim, where the grant is free and has the tokens that were sent: as if the database had lost neither. */
const RESTORE = `
  with held as (
    update grants set refresh_state = 'in_flight', claim_epoch = claim_epoch + 1, claim_holder = $5,
      claim_until = db_now() + interval '150 seconds'
    where id = $2 and token_version = $3 and refresh_state in ('idle', 'backoff', 'confirm', 'unknown')
    returning claim_epoch
  )
  insert into exchange_intents (id, kind, grant_id, token_version, claim_epoch, holder, state, prepared_at, dispatched_at)
  select $1, 'refresh', id, $3, coalesce((select claim_epoch from held), 0), $5, 'dispatched',
    coalesce($4, db_now()), coalesce($4, db_now())
  from grants where id = $2 on conflict do nothing`;

export async function restoreRefresh(tx: Tx, lost: LostIntent): Promise<void> {
  await tx.query(RESTORE, [lost.intentId, lost.subjectId, lost.version, lost.claimedAt, lost.holder]);
}

export async function restoreCode(tx: Tx, { intentId, subjectId, holder }: LostIntent): Promise<void> {
  await tx.query(
    `insert into exchange_intents (id, kind, attempt_id, holder, state, dispatched_at)
     select $1, 'code', id, $3, 'dispatched', db_now() from connect_attempts where id = $2 on conflict do nothing`,
    [intentId, subjectId, holder],
  );
}

/** What a holder began and did not end. */
export async function unendedIntents(tx: Tx, holder: string): Promise<IntentRow[]> {
  const { rows } = await tx.query<IntentRow & Record<string, unknown>>(
    `select ${COLUMNS} from exchange_intents where holder = $1 and state in ('prepared', 'dispatched') order by prepared_at`,
    [holder],
  );
  return rows;
}

/** The latest exchange of an attempt's code that may have been sent. */
export async function intentOfAttempt(tx: Tx, attemptId: string): Promise<IntentRow | undefined> {
  const { rows } = await tx.query<IntentRow & Record<string, unknown>>(
    `select ${COLUMNS} from exchange_intents where attempt_id = $1 and kind = 'code' and state <> 'released' limit 1`,
    [attemptId],
  );
  return rows[0];
}

export async function prepareCode(
  tx: Tx,
  intentId: string,
  { attemptId, holder }: { attemptId: string; holder: string },
): Promise<void> {
  await tx.query(
    `insert into exchange_intents (id, kind, attempt_id, holder, state) values ($1, 'code', $2, $3, 'prepared')`,
    [intentId, attemptId, holder],
  );
}

export async function markCodeDispatched(tx: Tx, intentId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update exchange_intents set state = 'dispatched', dispatched_at = db_now() where id = $1 and state = 'prepared'`,
    [intentId],
  );
  return rowCount !== 0;
}

/** Nothing leaves before it is noted: an exchange that was interrupted during the preparation may be repeated. */
export async function releaseUnsent(tx: Tx, intentId: string): Promise<void> {
  await tx.query(
    `update exchange_intents set state = 'released', answered_at = db_now() where id = $1 and state = 'prepared'`,
    [intentId],
  );
}

/** The intent of a pair that is kept beside its grant instead of being revoked. */
export async function noteKeptPair(
  tx: Tx,
  intentId: string,
  { grantId, tokenVersion, holder }: { grantId: string; tokenVersion: string; holder: string },
): Promise<void> {
  await tx.query(
    `insert into exchange_intents (id, kind, grant_id, token_version, holder, state, answered_at)
     values ($1, 'revoke', $2, $3, $4, 'answered', db_now())`,
    [intentId, grantId, tokenVersion, holder],
  );
}

/**
 * What was never sent, or never answered, is repeated as long as its grant has the tokens it was made with. One that was
 * dispatched may still have its answer in a journal.
 */
const MOVED_ON = `
  i.state in ('prepared', 'unknown') and exists (select from grants where grants.id = i.grant_id and grants.token_version > i.token_version)`;

const OLD = `
  delete from exchange_intents where id in (
    select i.id from exchange_intents i
    where i.prepared_at < db_now() - interval '30 days' and (i.state in ('committed', 'released', 'answered') or ${MOVED_ON})
      and not exists (select from token_orphans o where o.intent_id = i.id)
    order by i.prepared_at limit $1)`;

/** Deletes exchanges of a month ago that ended or whose grant has other tokens since, but not those with a stored late pair; returns how many it deleted. */
export async function deleteOldIntents(tx: Tx, limit: number): Promise<number> {
  return (await tx.query(OLD, [limit])).rowCount ?? 0;
}
