import type { GrantChange, GrantFacts } from './grant.js';
import { NO_UNLISTED_REFUSALS, NO_STRIKES } from './after-refresh.js';

/** What a transaction finds when the grant's version is not the one that was sent any more. */
export interface Found {
  /** Whether this very exchange is noted as committed: the database's answer to it got lost. */
  committed: boolean;
  /** Whether the grant holds a pair. */
  living: boolean;
}

/** `orphan`: kept beside the stored pair; `unwanted`: nobody holds anything of it any more, it is revoked. */
export type LateFate = 'stored' | 'orphan' | 'unwanted';

/** What becomes of a pair that came too late for its grant. It is never dropped. */
export function fateOfLatePair({ committed, living }: Found): LateFate {
  if (committed) return 'stored';
  return living ? 'orphan' : 'unwanted';
}

/**
 * Whether a late pair is tried now: before the verdict on the stored one, and not at a mere refusal. The stored one may be the
 * good one of the two, refused by mistake, and there is no way back to it.
 */
export const endsGrant = (grant: GrantFacts, afterStrike: GrantChange): boolean =>
  grant.endedReason !== null || (afterStrike.endedReason ?? null) !== null;

/**
 * The grant after a late pair has taken the place of the refused one, to be tried at once. What was held against that one is
 * not held against this; what is not known stays unknown, who is dead stays dead.
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
