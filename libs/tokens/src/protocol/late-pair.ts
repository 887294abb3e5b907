import type { GrantChange, GrantFacts } from './grant.js';
import { NO_UNLISTED_REFUSALS, NO_STRIKES } from './after-refresh.js';

/** What a transaction finds when the grant's version is not the one that was sent any more. */
export interface Found {
  /** Whether this very exchange is noted as committed: the database's answer to it got lost. */
  committed: boolean;
  /** Whether the grant holds a pair. */
  hasValidPair: boolean;
}

/** `orphan`: kept beside the stored pair; `unwanted`: the grant holds no tokens any more, the pair is revoked. */
export type LateFate = 'stored' | 'orphan' | 'unwanted';

/** What becomes of a pair that came too late for its grant. It is never dropped. */
export function fateOfLatePair({ committed, hasValidPair }: Found): LateFate {
  if (committed) return 'stored';
  return hasValidPair ? 'orphan' : 'unwanted';
}

/**
 * Whether a late pair is tried now: when the stored pair would end the grant, and not at every refusal. The stored pair may be
 * the valid one, refused by mistake, and it cannot be restored.
 */
export const endsGrant = (grant: GrantFacts, afterStrike: GrantChange): boolean =>
  grant.endedReason !== null || (afterStrike.endedReason ?? null) !== null;

/**
 * The grant after a late pair has replaced the refused one; it is due at once. Strikes of the former pair are dropped; an
 * unknown outcome stays unknown, and a revoked grant stays revoked.
 */
export const afterAdoption = (
  { unknownSince }: GrantFacts,
  { now, errorCode }: { now: Date; errorCode: string },
): GrantChange => ({
  ...NO_STRIKES,
  ...NO_UNLISTED_REFUSALS,
  refreshState: unknownSince === null ? 'confirm' : 'unknown',
  lastClass: unknownSince === null ? 'permanent' : 'temporary',
  lastReason: unknownSince === null ? 'refresh_unconfirmed' : 'refresh_outcome_unknown',
  lastError: errorCode,
  refreshDueAt: now,
});
