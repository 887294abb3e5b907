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
  /** What the platform's API said of the access token at the last refusal; the column `witness`. */
  apiCheck: Grant['apiCheck'];
};

/** What one step changes in them. */
export type GrantChange = Partial<
  Omit<GrantFacts, 'id' | 'workspaceId' | 'environment' | 'provider' | 'platformUserId' | 'tokenVersion' | 'claimEpoch'>
>;

/** Whether its access token has. */
export const hasEnded = ({ accessExpiresAt }: Pick<GrantFacts, 'accessExpiresAt'>, now: Date): boolean =>
  accessExpiresAt !== null && accessExpiresAt <= now;

/** The state before a claim, derived from the facts that the claim did not change. */
export function stateBefore({
  unknownSince,
  endedReason,
  strikeCount,
  attempt,
}: GrantFacts): GrantFacts['refreshState'] {
  if (unknownSince !== null) return 'unknown';
  if (endedReason !== null || strikeCount > 0) return 'confirm';
  return attempt > 0 ? 'backoff' : 'idle';
}
