import type { Tx } from '#persistence/sql';
import type { GrantFacts } from '../protocol/grant.js';

type Person = Pick<GrantFacts, 'oauthAppId'> & { platformUserId: string | null };

const WAITS = `
  select 1 from connect_attempts
  where oauth_app_id = $1 and status in ('exchanged', 'selection_required') and ($2::text is null or platform_user_id = $2 or platform_user_id is null)
  limit 1`;

/** Whether a token set of that person, or of one who has no name yet, waits in an attempt. Null: of any person. */
export async function tokenSetWaits(tx: Tx, { oauthAppId, platformUserId }: Person): Promise<boolean> {
  return (await tx.query(WAITS, [oauthAppId, platformUserId])).rows.length > 0;
}

const ON_ITS_WAY = `
  select 1 from connect_attempts where oauth_app_id = $1 and status = 'pending' and spent_at > db_now() - interval '5 minutes' limit 1`;

/** Whether a code of the app is being exchanged just now: nobody knows yet whose it is. */
export async function tokenSetComes(tx: Tx, { oauthAppId }: Pick<Person, 'oauthAppId'>): Promise<boolean> {
  return (await tx.query(ON_ITS_WAY, [oauthAppId])).rows.length > 0;
}
