import type { Health, ProbeClass, RefreshState } from '#persistence';

/** How an account's access token is, as far as we know without asking. */
export const TOKEN_STATES = ['valid', 'expiring', 'expired', 'revoked', 'unknown'] as const;
export type TokenState = (typeof TOKEN_STATES)[number];

/** The facts that a token's state is read from: the account's own and its grant's. */
export interface TokenFacts {
  health: Health;
  ownToken: boolean;
  probeClass: ProbeClass | null;
  refreshState: RefreshState;
  endedReason: string | null;
  /** Whether its end has passed by the database's clock. */
  ended: boolean;
}

/** What certain ends of a grant leave of its access token, which nobody revoked; all others leave nothing. */
const LEFT: Record<string, TokenState> = {
  grant_expired: 'expiring',
  refresh_outcome_unknown: 'unknown',
  rotated_elsewhere: 'unknown',
};
const leftBy = (endedReason: string | null): TokenState | undefined =>
  endedReason === null ? undefined : (LEFT[endedReason] ?? 'revoked');

/** What is certain comes first: revoked, then ended by the clock, then in doubt, then about to end. */
export function tokenState(facts: TokenFacts): TokenState {
  if (facts.health === 'disconnected' || facts.probeClass === 'permanent') return 'revoked';
  const left = facts.ownToken ? undefined : leftBy(facts.endedReason);
  if (left === 'revoked') return left;
  return facts.ended ? 'expired' : (left ?? living(facts));
}

function living({ health, ownToken, probeClass, refreshState }: TokenFacts): TokenState {
  const inDoubt =
    probeClass === 'suspected' || (!ownToken && (refreshState === 'unknown' || refreshState === 'confirm'));
  if (inDoubt) return 'unknown';
  return health === 'expiring' ? 'expiring' : 'valid';
}
