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

/**
 * The grant of a person at a client, if one holds tokens; locked until the transaction ends. It may be a manual grant of an
 * unknown person: its `platformUserId` identifies the person.
 */
export async function findActiveGrant(
  tx: Tx,
  { environment, provider, clientId, oauthAppId, platformUserId }: PersonOfClient,
): Promise<GrantFacts | undefined> {
  const { rows } = await tx.query(ACTIVE_GRANT, [environment, provider, clientId, oauthAppId, platformUserId]);
  return rows[0] && toGrant(rows[0]);
}
