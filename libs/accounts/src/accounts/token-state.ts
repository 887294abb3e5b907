import type { Health, ProbeClass, RefreshState } from '#persistence';

/** The state of an account's access token, as far as it is known without a call to the platform. */
export const TOKEN_STATES = ['valid', 'expiring', 'expired', 'revoked', 'unknown'] as const;
export type TokenState = (typeof TOKEN_STATES)[number];

/** The facts of an account and its grant that decide the state of the token. */
export interface TokenFacts {
  health: Health;
  ownToken: boolean;
  probeClass: ProbeClass | null;
  refreshState: RefreshState;
  endedReason: string | null;
  /** Whether it has expired by the database's clock. */
  ended: boolean;
}

/** Ends of a grant that leave the access token valid until it expires. All others revoke it. */
const LEFT: Record<string, TokenState> = {
  grant_expired: 'expiring',
  refresh_outcome_unknown: 'unknown',
  rotated_elsewhere: 'unknown',
};
const leftBy = (endedReason: string | null): TokenState | undefined =>
  endedReason === null ? undefined : (LEFT[endedReason] ?? 'revoked');

/** The most certain state first: revoked, expired by the clock, in doubt, about to expire. */
export function tokenState(facts: TokenFacts): TokenState {
  if (facts.health === 'disconnected' || facts.probeClass === 'permanent') return 'revoked';
  const left = facts.ownToken ? undefined : leftBy(facts.endedReason);
  if (left === 'revoked') return left;
  return facts.ended ? 'expired' : (left ?? stateWhileConnected(facts));
}

function stateWhileConnected({ health, ownToken, probeClass, refreshState }: TokenFacts): TokenState {
  const inDoubt =
    probeClass === 'suspected' || (!ownToken && (refreshState === 'unknown' || refreshState === 'confirm'));
  if (inDoubt) return 'unknown';
  return health === 'expiring' ? 'expiring' : 'valid';
}
