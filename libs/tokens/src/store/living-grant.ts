import type { Tx } from '#persistence/sql';
import type { GrantFacts } from '../protocol/grant.js';
import { grantColumns, toGrant } from './grant-columns.js';

const LIVING = `
  select ${grantColumns('grants')} from grants join grant_tokens on grant_tokens.grant_id = grants.id
  where grants.oauth_app_id = $1 and grants.platform_user_id = $2 limit 1 for update of grants`;

/** The grant of a person at an app, if it holds tokens; locked, so that it holds them as long as the transaction lasts. */
export async function findLiving(
  tx: Tx,
  { oauthAppId, platformUserId }: { oauthAppId: string; platformUserId: string },
): Promise<GrantFacts | undefined> {
  const { rows } = await tx.query(LIVING, [oauthAppId, platformUserId]);
  return rows[0] && toGrant(rows[0]);
}
