import { ATTEMPT_COLUMNS, type AttemptError, type AttemptRow, type AppUser } from './attempt-row.js';
import type { AttemptStatus, Candidate } from '../entities/index.js';
import type { Tx } from '../tx.js';

/**
 * The only module that writes `connect_attempts`. Each transition is one function; its statement changes no row in any
 * other status.
 *
 * | status                  | meaning                                                            | next                      |
 * | ----------------------- | ------------------------------------------------------------------ | ------------------------- |
 * | `pending`               | started; its code is being exchanged once `spent_at` is set        | exchanged, failed         |
 * | `exchanged`             | the token set is sealed; the platform has yet to identify its user | selection_required,       |
 * |                         |                                                                    | confirmation_required,    |
 * |                         |                                                                    | completed, failed         |
 * | `selection_required`    | the caller chooses among the candidates, for ten minutes           | confirmation_required,    |
 * |                         |                                                                    | completed, failed         |
 * | `confirmation_required` | the caller confirms whose browser came back, for ten minutes       | completed, failed         |
 * | `completed`             | grant and accounts are stored; final                               | none                      |
 * | `failed`                | final, but for tokens that arrive after their exchange timed out   | exchanged                 |
 */
const MAY_BECOME = {
  exchanged: `(status = 'pending' or (status = 'failed' and error in ('exchange_failed', 'provider_unavailable')
    and exists (select 1 from projects where projects.id = project_id and deleted_at is null for key share)))`,
  selection_required: `status = 'exchanged'`,
  confirmation_required: `status in ('exchanged', 'selection_required')`,
  completed: `status in ('exchanged', 'selection_required', 'confirmation_required')`,
  failed: `status in ('pending', 'exchanged', 'selection_required', 'confirmation_required')`,
} satisfies Partial<Record<AttemptStatus, string>>;

type SetLater =
  | 'connectTokenHash'
  | 'candidates'
  | 'chosenProfiles'
  | 'platformUserId'
  | 'status'
  | 'error'
  | 'platformCode'
  | 'accountIds'
  | 'expiresAt'
  | 'exchangedAt'
  | 'consentSequence';
export type NewAttempt = Omit<AttemptRow, SetLater | 'spent' | 'expired'> & { stateHash: Buffer };

const INSERT = `
  insert into connect_attempts (id, workspace_id, environment, project_id, provider, oauth_app_id, state_hash, created_by,
    redirect_uri, return_url, user_ref, scopes, selection, completion, reauth_account_id, surface, usage_note)
  select $1, $2, $3, id, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
  from projects where id = $4 and deleted_at is null for key share
  returning expires_at as "expiresAt"`;

/** Starts an attempt as `pending`. Returns when its state expires; undefined: its project was deleted meanwhile. */
export async function createAttempt(tx: Tx, attempt: NewAttempt): Promise<Date | undefined> {
  const { workspaceId, environment, projectId, provider, oauthAppId, stateHash, createdBy, ...rest } = attempt;
  const owner = [attempt.id, workspaceId, environment, projectId, provider, oauthAppId, stateHash, createdBy];
  const { redirectUri, returnUrl, userRef, scopes, selection, completion, reauthAccountId, surface, usageNote } = rest;
  const { rows } = await tx.query<{ expiresAt: Date }>(INSERT, [
    ...owner,
    redirectUri,
    returnUrl,
    userRef,
    scopes,
    selection,
    completion,
    reauthAccountId,
    surface,
    usageNote,
  ]);
  return rows[0]?.expiresAt;
}

/** What a callback spends a state with. */
export interface StateUse {
  stateHash: Buffer;
  /** Must be the one of the start (RFC 6749 section 4.1.3). */
  redirectUri: string;
  /** SHA-256 of the token for the browser, stored where the attempt has to be confirmed. */
  connectTokenHash: Buffer;
}

/** Spends the state of a `pending` attempt, and gives it its place among the consents: of two concurrent callbacks one gets the attempt. */
export async function spendState(tx: Tx, use: StateUse): Promise<AttemptRow | undefined> {
  const { rows } = await tx.query<AttemptRow & Record<string, unknown>>(
    `update connect_attempts set spent_at = db_now(), consent_sequence = nextval('consent_sequence'),
       connect_token_hash = case when completion = 'confirm' then $3::bytea end
     where state_hash = $1 and redirect_uri = $2 and spent_at is null and expires_at > db_now() and status = 'pending'
     returning ${ATTEMPT_COLUMNS}`,
    [use.stateHash, use.redirectUri, use.connectTokenHash],
  );
  return rows[0];
}

/**
 * → `exchanged`. An attempt that failed because its tokens did not arrive in time accepts them afterwards: at a platform
 * with one token pair per person, this exchange has ended the former pair. False: the attempt no longer accepts tokens.
 */
export async function markAttemptExchanged(tx: Tx, attemptId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update connect_attempts set status = 'exchanged', exchanged_at = db_now(), error = null, platform_code = null,
       finished_at = null
     where id = $1 and ${MAY_BECOME.exchanged}`,
    [attemptId],
  );
  return rowCount !== 0;
}

/** Stores the person of an `exchanged` attempt, so that a notice of the platform about the person finds the attempt. */
export async function storeIdentity(tx: Tx, attemptId: string, platformUserId: string): Promise<void> {
  await tx.query(`update connect_attempts set platform_user_id = $2 where id = $1 and status = 'exchanged'`, [
    attemptId,
    platformUserId,
  ]);
}

/** → `selection_required`, for ten minutes. False: the attempt had another status. */
export async function requireSelection(
  tx: Tx,
  { id, platformUserId }: Pick<AttemptRow, 'id' | 'platformUserId'>,
  candidates: readonly Candidate[],
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update connect_attempts set status = 'selection_required', candidates = $2, platform_user_id = $3, checks = 0,
       expires_at = db_now() + interval '10 minutes' where id = $1 and ${MAY_BECOME.selection_required}`,
    [id, JSON.stringify(candidates), platformUserId],
  );
  return rowCount !== 0;
}

/** → `confirmation_required`, for ten minutes. False: the attempt had another status. */
export async function requireConfirmation(
  tx: Tx,
  { id, platformUserId }: Pick<AttemptRow, 'id' | 'platformUserId'>,
  chosenProfiles: readonly string[],
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update connect_attempts set status = 'confirmation_required', chosen_profiles = $2, platform_user_id = $3, checks = 0,
       expires_at = db_now() + interval '10 minutes' where id = $1 and ${MAY_BECOME.confirmation_required}`,
    [id, chosenProfiles, platformUserId],
  );
  return rowCount !== 0;
}

/** Locks an attempt that still has this status. Of two processes that finish it, the second waits and gets false. */
export async function lockAttempt(tx: Tx, { id, status }: Pick<AttemptRow, 'id' | 'status'>): Promise<boolean> {
  const { rows } = await tx.query('select 1 from connect_attempts where id = $1 and status = $2 for update', [
    id,
    status,
  ]);
  return rows.length > 0;
}

/** → `completed`. The caller holds the lock of `lockAttempt`. */
export async function markAttemptCompleted(
  tx: Tx,
  attemptId: string,
  { accountIds, platformUserId }: { accountIds: readonly string[]; platformUserId: string },
): Promise<void> {
  await tx.query(
    `update connect_attempts set status = 'completed', account_ids = $2, platform_user_id = $3, finished_at = db_now()
     where id = $1 and ${MAY_BECOME.completed}`,
    [attemptId, accountIds, platformUserId],
  );
}

/** What its row holds about its person: a deletion may have erased it. `platformUserId` null: the platform did not name the person. */
export type FailedAttempt = { userRef: string | null; platformUserId: string | null };

/** → `failed`. Undefined: the attempt was final already. */
export async function markAttemptFailed(
  tx: Tx,
  attemptId: string,
  { error, platformCode }: { error: AttemptError; platformCode?: string | undefined },
): Promise<FailedAttempt | undefined> {
  const { rows } = await tx.query<FailedAttempt & Record<string, unknown>>(
    `update connect_attempts set status = 'failed', error = $2, platform_code = $3, finished_at = db_now()
     where id = $1 and ${MAY_BECOME.failed} returning user_ref as "userRef", platform_user_id as "platformUserId"`,
    [attemptId, error, platformCode],
  );
  return rows[0];
}

/**
 * Ends the attempts of a project whose state was not used. Returns how many others are open: those hold tokens, or a platform
 * is about to answer them.
 */
export async function expireUnusedAttempts(tx: Tx, projectId: string): Promise<number> {
  await tx.query(
    `update connect_attempts set status = 'failed', error = 'state_expired', finished_at = db_now()
     where project_id = $1 and spent_at is null and ${MAY_BECOME.failed}`,
    [projectId],
  );
  const { rows } = await tx.query<{ open: number }>(
    `select count(*)::int as open from connect_attempts where project_id = $1 and ${MAY_BECOME.failed}`,
    [projectId],
  );
  return rows[0]?.open ?? 0;
}

/**
 * Erases what attempts hold about a person: candidates, user_ref and usage_note. `until` null: at any time; otherwise the person's consents
 * until then. An attempt that was started before and consented to later is still open, and its caller confirms its user_ref.
 */
export async function erasePersonFromAttempts(
  tx: Tx,
  { oauthAppId, platformUserId }: AppUser,
  until: Date | null,
): Promise<void> {
  await tx.query(
    `update connect_attempts set candidates = null, chosen_profiles = null, user_ref = null,
       usage_note = null
     where oauth_app_id = $1 and platform_user_id = $2
       and coalesce(exchanged_at, created_at) <= coalesce($3::timestamptz + interval '1 second', 'infinity')`,
    [oauthAppId, platformUserId, until],
  );
}

const MAX_DELETED_PER_SWEEP = 5_000;

/** Deletes final attempts 24 hours after their start. */
export async function deleteFinalAttempts(tx: Tx): Promise<void> {
  await tx.query(`
    delete from connect_attempts where id in (
      select id from connect_attempts where status in ('completed', 'failed') and created_at < db_now() - interval '24 hours'
      limit ${MAX_DELETED_PER_SWEEP})`);
}
