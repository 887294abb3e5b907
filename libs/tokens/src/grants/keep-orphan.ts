import { newId, type Tx } from '#persistence/sql';
import type { TokenSet } from '#providers';
import type { GrantFacts } from '../protocol/grant.js';
import { noteKeptPair } from '../store/grants/intents.js';
import type { TokenContext } from '../token-context.js';

/** A grant beside which a pair is kept, and the process that keeps it. */
type Keeper = Pick<GrantFacts, 'id' | 'workspaceId' | 'environment' | 'tokenVersion' | 'mode'> & { holder: string };

/** Keeps a pair as an orphan where revoking it could end the grant of the same person: it is tried before the grant ends. */
export async function keepAsOrphan(
  { vault }: Pick<TokenContext, 'vault'>,
  tx: Tx,
  { holder, ...grant }: Keeper,
  tokens: TokenSet,
): Promise<void> {
  if (tokens.refreshToken === null && grant.mode !== 'extend_self') return;
  const intentId = newId();
  await noteKeptPair(tx, intentId, { grantId: grant.id, tokenVersion: grant.tokenVersion, holder });
  const pair = { ...tokens, expiresIn: null, refreshExpiresIn: null, scopes: null };
  await vault.sealOrphan(tx, { ...grant, id: intentId }, pair);
}
