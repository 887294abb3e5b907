import type { Tx } from '#persistence/sql';
import type { Room } from '../room.js';
import { changeGrant, lockGrant, readGrant } from '../store/grants.js';
import type { RevocableTokens } from '../token-exchange.js';

const IN_USE = `select 1 from accounts where grant_id = $1 and health <> 'disconnected' limit 1`;

/**
 * Destroys the tokens of a grant that no connected account hangs on any more, in the caller's transaction. What it returns
 * lives on in memory only, to be revoked at the platform after the commit; undefined where the grant is still in use.
 */
export async function retireGrant(room: Room, tx: Tx, grantId: string): Promise<RevocableTokens | undefined> {
  await lockGrant(tx, grantId);
  const inUse = await tx.query(IN_USE, [grantId]);
  const read = await readGrant(tx, grantId);
  if (inUse.rows.length > 0 || !read) return undefined;
  const { grant } = read;
  const tokens = await room.vault.openGrantTokens(tx, grant);
  await room.vault.shredGrant(tx, grantId);
  await changeGrant(tx, grant, { refreshState: 'ended', refreshDueAt: null }, { rotate: true });
  if (!tokens || grant.oauthAppId === null) return undefined;
  return { ...grant, oauthAppId: grant.oauthAppId, accessToken: tokens.access, refreshToken: tokens.refresh };
}
