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
