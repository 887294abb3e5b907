import type { ConnectionType, Health } from '#persistence';

/** What the client should do about an account: a stable code. */
export const RECOMMENDATIONS = [
  'none',
  'wait',
  'fix_oauth_app',
  'reconnect_soon',
  'reconnect_with_all_permissions',
  'act_at_platform',
  'reconnect',
  'connect_again',
  'contact_operator',
] as const;
export type Recommendation = (typeof RECOMMENDATIONS)[number];

const BY_HEALTH: Record<Health, Recommendation> = {
  active: 'none',
  degraded: 'wait',
  expiring: 'reconnect_soon',
  missing_permissions: 'reconnect_with_all_permissions',
  restricted: 'act_at_platform',
  needs_reauth: 'reconnect',
  disconnected: 'connect_again',
};

/** The facts that decide what to do. */
interface AccountCondition {
  health: Health;
  healthReason: string | null;
  connectionType: ConnectionType;
}

/**
 * Follows from the health. Only a misconfigured app is for the client to correct while the account waits. The grant of a leased
 * account belongs to the operator, who alone can act on it. A released one needs nothing: it cannot be connected again.
 */
export function recommend({ health, healthReason, connectionType }: AccountCondition): Recommendation {
  const isAppWrong = health === 'degraded' && healthReason === 'app_misconfigured';
  const recommendation = isAppWrong ? 'fix_oauth_app' : BY_HEALTH[health];
  return connectionType === 'leased' ? recommendForLease(recommendation) : recommendation;
}

function recommendForLease(recommendation: Recommendation): Recommendation {
  if (recommendation === 'connect_again') return 'none';
  return recommendation === 'none' || recommendation === 'wait' ? recommendation : 'contact_operator';
}
