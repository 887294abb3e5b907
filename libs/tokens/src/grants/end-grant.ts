import { markOwnTokensEnded, type Tx } from '#persistence/sql';
import { UNBLEMISHED } from '../protocol/settle.js';
import type { TokenContext } from '../token-context.js';
import { changeGrant, lockGrant, readGrant } from '../store/grants.js';
import { applyHealth } from '../store/health-store.js';
import type { RevocableTokens } from '../exchange/token-exchange.js';
import { revocableOfGrant } from './retire-grant.js';

const KEEPS_TOKENS = 'select 1 from grant_tokens where grant_id = $1';

/**
 * Ends a grant of which the platform itself said that it is over, in the caller's transaction: every token is destroyed, its
 * accounts show the reason at once, and an exchange that is under way finds another version. Undefined: it was over already.
 * The tokens come back in case the platform still takes them.
 */
export async function endGrant(
  context: TokenContext,
  tx: Tx,
  grantId: string,
  reason: string,
): Promise<{ tokens: RevocableTokens | undefined } | undefined> {
  await lockGrant(tx, grantId);
  const read = await readGrant(tx, grantId);
  const { rowCount: held } = await tx.query(KEEPS_TOKENS, [grantId]);
  if (!read || (read.grant.refreshState === 'ended' && held === 0)) return undefined;
  const tokens = await revocableOfGrant(context, tx, read.grant);
  const change = { ...UNBLEMISHED, refreshState: 'ended', refreshDueAt: null, endedReason: reason } as const;
  await changeGrant(tx, read.grant, change, { rotate: true });
  await context.vault.shredGrant(tx, grantId);
  for (const id of await markOwnTokensEnded(tx, grantId, reason)) await context.vault.shredAccount(tx, id);
  await applyHealth(tx, grantId);
  return { tokens };
}
