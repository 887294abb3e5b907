import type { Grant } from '#persistence/sql';

/** What the protocol decides by: a grant's facts without its secrets. Versions and epochs are bigints as text. */
export type GrantFacts = Pick<
  Grant,
  | 'id'
  | 'workspaceId'
  | 'environment'
  | 'provider'
  | 'oauthAppId'
  | 'platformUserId'
  | 'tokenVersion'
  | 'mode'
  | 'scopes'
  | 'accessExpiresAt'
  | 'refreshExpiresAt'
  | 'reauthDueAt'
  | 'issuedAt'
  | 'lastRefreshedAt'
  | 'refreshState'
  | 'claimEpoch'
  | 'refreshDueAt'
  | 'attempt'
  | 'lastClass'
  | 'lastReason'
  | 'lastError'
  | 'strikeCount'
  | 'firstStrikeAt'
  | 'lastStrikeAt'
  | 'unknownSince'
  | 'rejectedSeconds'
  | 'rejectedAt'
  | 'endedReason'
> & {
  /** The result of the API check of the access token at the last refusal; the column `witness`. */
  apiCheck: Grant['apiCheck'];
};

/** What one step changes in them. */
export type GrantChange = Partial<
  Omit<GrantFacts, 'id' | 'workspaceId' | 'environment' | 'provider' | 'platformUserId' | 'tokenVersion' | 'claimEpoch'>
>;

/** Whether its access token has. */
export const hasEnded = ({ accessExpiresAt }: Pick<GrantFacts, 'accessExpiresAt'>, now: Date): boolean =>
  accessExpiresAt !== null && accessExpiresAt <= now;

/** Whether a refresh token works once, so that sending it a second time is refused. */
export const isSpentOnce = ({ mode }: Pick<GrantFacts, 'mode'>): boolean =>
  mode === 'rotating_strict' || mode === 'rotating_grace';

/** Whether an earlier request may have spent the refused one-time token, so that its successor is lost. */
export const isInDoubt = (
  grant: Pick<GrantFacts, 'mode' | 'unknownSince'>,
  { withinGrace = false }: { withinGrace?: boolean },
): boolean => grant.unknownSince !== null && isSpentOnce(grant) && !withinGrace;

/**
 * The state before a claim, derived from the facts that the claim did not change. A grant in doubt that waited in `backoff` is
 * `unknown` then: it is first in line once.
 */
export function stateBefore({
  unknownSince,
  endedReason,
  strikeCount,
  attempt,
}: GrantFacts): GrantFacts['refreshState'] {
  if (endedReason !== null || strikeCount > 0) return 'confirm';
  if (unknownSince !== null) return 'unknown';
  return attempt > 0 ? 'backoff' : 'idle';
}
