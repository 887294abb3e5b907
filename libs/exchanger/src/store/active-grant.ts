import type { Environment, Tx } from '#persistence/sql';
import type { GrantFacts } from '#tokens/protocol';
import { grantColumns, toGrant } from '#tokens/store';

/** A person at one client id of a platform. Null: any person. */
export interface PersonOfClient {
  environment: Environment;
  provider: string;
  clientId: string;
  /** Our row of that client, which is preferred to others; null: it was deleted. */
  oauthAppId: string | null;
  platformUserId: string | null;
}

/**
 * A platform distinguishes client ids only: several rows and workspaces with one client id share one grant there. A manual grant of
 * an unknown person may be this person's, and counts within its own app only, because client ids are public.
 */
const ACTIVE_GRANT = `
  select ${grantColumns('grants')} from grants join grant_tokens on grant_tokens.grant_id = grants.id
  join oauth_apps app on app.id = grants.oauth_app_id
  where app.environment = $1 and app.provider = $2 and app.client_id = $3 and ($5::text is null
      or coalesce(grants.platform_user_id, grants.manual_user_id, case when app.id = $4 then $5 end) = $5)
  order by (coalesce(grants.platform_user_id, grants.manual_user_id) = $5) desc nulls last, (app.id = $4) desc
  limit 1 for update of grants`;

const HOLDS_TOKENS = 'select 1 from grant_tokens where grant_id = $1';

/**
 * The grant of a person at a client, if one holds tokens; locked until the transaction ends. It may be a manual grant of an
 * unknown person: its `platformUserId` identifies the person. The tokens are read again under the lock: the statement that has
 * waited for it shows those that the transaction before has destroyed.
 */
export async function findActiveGrant(tx: Tx, person: PersonOfClient): Promise<GrantFacts | undefined> {
  const { environment, provider, clientId, oauthAppId, platformUserId } = person;
  for (;;) {
    const { rows } = await tx.query(ACTIVE_GRANT, [environment, provider, clientId, oauthAppId, platformUserId]);
    const grant = rows[0] && toGrant(rows[0]);
    if (!grant || (await tx.query(HOLDS_TOKENS, [grant.id])).rowCount !== 0) return grant;
  }
}
