import type { Tx } from '#persistence/sql';

/** Something can be sent for it, by its own tokens. */
const REFRESHABLE = `
  mode <> 'none' and refresh_state <> 'ended' and exists (
    select from grant_tokens where grant_id = grants.id and (mode = 'extend_self' or sealed_refresh is not null))`;

/** The age under which nothing is sent, as `shortestAge` of the protocol has it. */
const SHORTEST_AGE = `
  case when mode = 'extend_self' and access_expires_at - issued_at > interval '1 day' then interval '1 day' else interval '1 minute' end`;

/**
 * A grant without a failure is refreshed before its time, if its platform allows it by then; any other keeps its own schedule.
 * Refused grants come last, because another refusal of them proves nothing about the secret.
 */
const FIRST = `
  update grants set refresh_due_at = least(refresh_due_at, db_now()) where id = (
    select id from grants where oauth_app_id = $1 and ${REFRESHABLE} and case refresh_state
      when 'idle' then issued_at <= db_now() - ${SHORTEST_AGE}
      when 'claimed' then false when 'in_flight' then false
      else refresh_due_at <= db_now() end
    order by refresh_state = 'confirm' or ended_reason is not null, refresh_due_at, id
    limit 1 for update skip locked)
  returning id`;

/** Makes one grant of the app due, whose refresh shows whether the platform accepts a new secret. Undefined: none can be refreshed now. */
export async function chooseGrantForSecret(tx: Tx, appId: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(FIRST, [appId]);
  return rows[0]?.id;
}

/** Whether a grant of the app will be refreshed, now or later. */
export async function hasRefreshableGrant(tx: Tx, appId: string): Promise<boolean> {
  const { rows } = await tx.query(`select from grants where oauth_app_id = $1 and ${REFRESHABLE} limit 1`, [appId]);
  return rows.length > 0;
}

/** Strikes keep their own schedule. Grants that are being exchanged are skipped, so that no transaction waits for a row. */
const WAKE = `
  update grants set refresh_due_at = db_now() where id in (
    select grants.id from grants join oauth_apps app on app.id = grants.oauth_app_id
    where app.id = $1 and refresh_state in ('idle', 'backoff', 'unknown') and ended_reason is null and refresh_due_at > db_now()
      and (last_class = 'app' or refresh_due_at <= greatest(app.paused_until, app.secret_turn_until) + interval '1 minute')
    for update of grants skip locked)`;

/** Grants that wait for their app are due at once. To be called while the app row still holds the end of its pause, or of the turn to use its secret. */
export async function wakeGrants(tx: Tx, appId: string): Promise<void> {
  await tx.query(WAKE, [appId]);
}

const LOCK_OF_APP = 'select id from grants where oauth_app_id = $1 order by id for update';
const OTHERS_OF_APP = 'select 1 from grants where oauth_app_id = $1 and id <> all($2) limit 1';

/** Locks the grants of an app, and then the app by `lockApp`. False: a consent has stored another grant in between. */
export async function lockGrantsOfApp(tx: Tx, appId: string, lockApp: () => Promise<void>): Promise<boolean> {
  const { rows } = await tx.query<{ id: string }>(LOCK_OF_APP, [appId]);
  await lockApp();
  return (await tx.query(OTHERS_OF_APP, [appId, rows.map(({ id }) => id)])).rowCount === 0;
}

/** Before an app is deleted: the sweep claims each of its grants, finds nothing to send, and derives the health anew. */
const CHECK_OF_APP = `
  update grants set refresh_due_at = db_now()
  where oauth_app_id = $1 and refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and ended_reason is null
    and exists (select from accounts where accounts.grant_id = grants.id and accounts.health <> 'disconnected')`;

export async function checkGrantsOfApp(tx: Tx, appId: string): Promise<void> {
  await tx.query(CHECK_OF_APP, [appId]);
}
