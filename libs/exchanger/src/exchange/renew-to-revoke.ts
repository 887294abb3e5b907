import { transaction } from '#persistence/sql';
import {
  type AppCredentials,
  type Failure,
  providerOf,
  readTokenAnswer,
  type TokenOutcome,
  type TokenRefresh,
  type TokenSet,
} from '#providers';
import { API_DEADLINE, type Renewal, type RevocationSecrets } from '#tokens';
import { databaseNow, type PendingRevocation } from '#tokens/store';
import type { ExchangerContext } from '../exchanger-context.js';

/** One refusal may be a wrong answer. */
const MAX_REFUSED_REFRESHES = 2;
const NEVER: Renewal = { isDone: false, endsAt: null, refusals: 0 };

export interface Revocable {
  app: AppCredentials;
  kept: RevocationSecrets;
}

/** A refused try of a revocation refreshes tokens that were not refreshed yet, or whose refreshed access token has ended. */
const mayRefresh = ({ isDone, endsAt, refusals }: Renewal, now: Date): boolean =>
  refusals < MAX_REFUSED_REFRESHES && (!isDone || (endsAt !== null && endsAt <= now.getTime()));

/**
 * Refreshes tokens whose access token may have ended, and seals what the platform answered for the next tries. A refresh token
 * that is spent with a lost answer can no longer be revoked; no account depends on it. Undefined: there is nothing to refresh,
 * or the platform refuses the refresh in words that no table lists.
 */
export async function renewToRevoke(
  context: ExchangerContext,
  revocation: PendingRevocation,
  { app, kept }: Revocable,
): Promise<{ ok: true; tokens: TokenSet } | { ok: false; failure: Failure } | undefined> {
  const { pool, vault } = context;
  const now = await databaseNow(pool);
  if (!kept.tokens.refreshToken || !mayRefresh(kept.renewal ?? NEVER, now)) return undefined;
  const outcome = await refresh(context, revocation, { ...kept.tokens, app });
  const renewed = secretsAfter(outcome, kept, now);
  await transaction(pool, (tx) => vault.sealRevocation(tx, revocation, renewed));
  if (outcome.ok) return { ok: true, tokens: renewed.tokens };
  return outcome.unlisted ? undefined : outcome;
}

function secretsAfter(outcome: TokenOutcome, kept: RevocationSecrets, now: Date): RevocationSecrets {
  const { tokens, renewal = NEVER } = kept;
  if (outcome.ok) {
    const renewed = { ...outcome.tokens, refreshToken: outcome.tokens.refreshToken ?? tokens.refreshToken };
    return { ...kept, tokens: renewed, renewal: { ...renewal, isDone: true, endsAt: endOf(renewed, now) } };
  }
  const isRefused = outcome.unlisted !== undefined || outcome.failure.class === 'permanent';
  return isRefused ? { ...kept, renewal: { ...renewal, refusals: renewal.refusals + 1 } } : kept;
}

async function refresh(
  { client }: ExchangerContext,
  { environment, provider: name }: PendingRevocation,
  tokens: TokenRefresh,
): Promise<TokenOutcome> {
  const provider = providerOf(name);
  const answer = await client.send(provider.refresh.request(tokens), { environment, within: API_DEADLINE });
  return readTokenAnswer(provider, answer);
}

/** Null: it has no end, or none is known. */
const endOf = ({ expiresIn }: TokenSet, now: Date): number | null =>
  expiresIn ? now.getTime() + expiresIn * 1_000 : null;
