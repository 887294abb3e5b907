import { SealBroken } from '#crypto';
import type { Tx } from '#persistence/sql';
import { type AppCredentials, findProvider, type TokenSet } from '#providers';
import type { TokenContext } from '../token-context.js';
import { openApp, readApp } from '../store/apps.js';
import { endRevocation, insertRevocation, type RevocationFacts, revocationsOfApp } from '../store/revocations.js';

/** Tokens whose row is destroyed, and that the platform may still accept. */
export interface RevocableTokens extends RevocationFacts {
  tokens: TokenSet;
  /** Where the app may have been deleted meanwhile. */
  app?: AppCredentials | undefined;
}

/**
 * Stores a revocation with its sealed tokens in the caller's transaction: the one that destroys the tokens where they were.
 * Returns its id, for `TokenExchange.revoke` after the commit; the exchanger finds it without that too. Undefined: the app is
 * gone, so that nothing can be revoked.
 */
export async function queueRevocation(
  { vault }: TokenContext,
  tx: Tx,
  { tokens, app, ...facts }: RevocableTokens,
): Promise<string | undefined> {
  const clientId = app?.clientId ?? null;
  const inserted = await insertRevocation(tx, { facts, secondsLeft: secondsLeft(tokens), clientId });
  if (!inserted) return undefined;
  const clientSecret = inserted.oauthAppId === null && app ? app.clientSecret : null;
  await vault.sealRevocation(tx, { ...facts, id: inserted.id }, { tokens, clientSecret });
  return inserted.id;
}

/** False: the platform has no such call. A custom provider that was removed may come back. */
export const offersRevocation = (provider: string): boolean => {
  const known = findProvider(provider);
  return known === undefined || known.revoke !== undefined;
};

/** Until the last of the tokens ends; null: not known, or no end. `expiresIn` of 0 means no end. */
function secondsLeft({ refreshToken, expiresIn, refreshExpiresIn }: TokenSet): number | null {
  if (!refreshToken) return expiresIn || null;
  return expiresIn && refreshExpiresIn ? Math.max(expiresIn, refreshExpiresIn) : null;
}

const HAS_ACCOUNT = `
  select 1 from grants join grant_tokens on grant_tokens.grant_id = grants.id
  where oauth_app_id = $1 and ($2::text is null or coalesce(platform_user_id, manual_user_id, $2) = $2) limit 1`;

/**
 * Seals the secret of an app that is about to be deleted beside the tokens of its stored revocations, in the caller's
 * transaction, which holds the app's row. Those of a person with an account at the app are ended: with `force` that account stays active until its token
 * ends, and the grant of a deleted app is not found by later tries.
 */
export async function keepSecretForRevocations(context: TokenContext, tx: Tx, appId: string): Promise<void> {
  const pending = await revocationsOfApp(tx, appId);
  const row = pending.length > 0 ? await readApp(tx, appId) : undefined;
  const app = row && (await openUnlessBroken(context, { app: appId }, () => openApp(tx, context.vault, row)));
  for (const revocation of pending) {
    const { rows } = await tx.query(HAS_ACCOUNT, [appId, revocation.platformUserId]);
    const kept = await openUnlessBroken(context, { revocation: revocation.id }, () =>
      context.vault.openRevocation(tx, revocation),
    );
    if (!app || !kept || rows.length > 0) await endRevocation(tx, revocation.id);
    else await context.vault.sealRevocation(tx, revocation, { ...kept, clientSecret: app.clientSecret });
  }
}

/** What does not open cannot be revoked; that must not keep it from being destroyed. */
export async function openUnlessBroken<Opened>(
  context: TokenContext,
  what: object,
  open: () => Promise<Opened>,
): Promise<Opened | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    context.logger.error({ err: error, ...what }, 'revocation.seal_broken');
    return undefined;
  }
}
