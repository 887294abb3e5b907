import type { Tx } from '#persistence/sql';
import type { GrantFacts } from '#tokens/protocol';

interface Person extends Pick<GrantFacts, 'oauthAppId'> {
  /** Null: any person. */
  platformUserId: string | null;
  /** The first refusal of the grant in question; a token set that came well after it did not cause it. */
  firstStrikeAt?: Date | null;
}

/** An attempt fails after an hour; without the sweep of the worker, a grant waits no longer than that. */
const WAITS = `
  select 1 from connect_attempts
  where oauth_app_id = $1 and status in ('exchanged', 'selection_required') and exchanged_at > db_now() - interval '1 hour'
    and ($2::text is null or platform_user_id = $2
      or (platform_user_id is null and exchanged_at < coalesce($3::timestamptz + interval '10 minutes', 'infinity')))
  limit 1`;

/** Whether a token set of that person, or of a person not yet identified, waits in an attempt. */
export async function tokenSetWaits(tx: Tx, { oauthAppId, platformUserId, firstStrikeAt }: Person): Promise<boolean> {
  return (await tx.query(WAITS, [oauthAppId, platformUserId, firstStrikeAt])).rows.length > 0;
}

const ON_ITS_WAY = `
  select 1 from connect_attempts where oauth_app_id = $1 and status = 'pending' and spent_at > db_now() - interval '5 minutes' limit 1`;

/** Whether a code of the app is being exchanged: its person is not known yet. */
export async function tokenSetComes(tx: Tx, { oauthAppId }: Pick<Person, 'oauthAppId'>): Promise<boolean> {
  return (await tx.query(ON_ITS_WAY, [oauthAppId])).rows.length > 0;
}
