import { STATUSES_WITH_TOKENS, type Tx } from '#persistence/sql';
import type { GrantFacts } from '#tokens/protocol';
import type { PersonOfClient } from './active-grant.js';

interface Person extends Pick<GrantFacts, 'oauthAppId'> {
  /** Null: any person. */
  platformUserId: string | null;
  /** The first refusal of the grant in question; a token set that came well after it did not cause it. */
  firstStrikeAt?: Date | null;
}

/** An attempt fails after an hour; without the sweep of the worker, a grant waits no longer than that. */
const WAITS = `
  select 1 from connect_attempts
  where oauth_app_id = $1 and status in ${STATUSES_WITH_TOKENS} and exchanged_at > db_now() - interval '1 hour'
    and ($2::text is null or platform_user_id = $2
      or (platform_user_id is null and exchanged_at < coalesce($3::timestamptz + interval '10 minutes', 'infinity')))
  limit 1`;

/** Whether a token set of that person, or of a person not yet identified, waits in an attempt. */
export async function tokenSetWaits(tx: Tx, { oauthAppId, platformUserId, firstStrikeAt }: Person): Promise<boolean> {
  return (await tx.query(WAITS, [oauthAppId, platformUserId, firstStrikeAt])).rows.length > 0;
}

/**
 * The sweep ends a waiting attempt after two hours at the latest; one that it cannot end counts for an hour more. The person
 * behind a code is not known before its exchange. A platform distinguishes client ids: attempts of every workspace with the same
 * client count.
 */
const MAY_COME = `
  select 1 from connect_attempts attempt join oauth_apps app on app.id = attempt.oauth_app_id
  where app.environment = $1 and app.provider = $2 and app.client_id = $3
    and (
      attempt.status in ${STATUSES_WITH_TOKENS} and attempt.exchanged_at > db_now() - interval '3 hours'
        and ($4::text is null or coalesce(attempt.platform_user_id, $4) = $4)
      or attempt.status = 'pending' and attempt.spent_at > db_now() - interval '5 minutes')
  limit 1`;

/** Whether a consent of that person at that client may become a grant: a revocation could end it. */
export async function consentMayCome(
  tx: Tx,
  { environment, provider, clientId, platformUserId }: PersonOfClient,
): Promise<boolean> {
  return (await tx.query(MAY_COME, [environment, provider, clientId, platformUserId])).rows.length > 0;
}
