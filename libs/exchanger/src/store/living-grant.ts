import type { Environment, Tx } from '#persistence/sql';
import type { GrantFacts } from '#tokens/protocol';
import { grantColumns, toGrant } from '#tokens/store';

/** A person at one client id of a platform. Null: whoever it is. */
export interface PersonOfClient {
  environment: Environment;
  provider: string;
  clientId: string;
  /** Our row of that client, which is preferred to others. */
  oauthAppId: string;
  platformUserId: string | null;
}

/** A platform knows client ids: what several rows and workspaces hold of one client is one grant there. */
const LIVING = `
  select ${grantColumns('grants')} from grants join grant_tokens on grant_tokens.grant_id = grants.id
  join oauth_apps app on app.id = grants.oauth_app_id
  where app.environment = $1 and app.provider = $2 and app.client_id = $3 and ($5::text is null or grants.platform_user_id = $5)
  order by (app.id = $4) desc limit 1 for update of grants`;

/** The grant of a person at a client, if one holds tokens; locked, so that it holds them as long as the transaction lasts. */
export async function findLiving(
  tx: Tx,
  { environment, provider, clientId, oauthAppId, platformUserId }: PersonOfClient,
): Promise<GrantFacts | undefined> {
  const { rows } = await tx.query(LIVING, [environment, provider, clientId, oauthAppId, platformUserId]);
  return rows[0] && toGrant(rows[0]);
}
