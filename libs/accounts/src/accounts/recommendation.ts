import type { Health } from '#persistence';

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

/** Follows from the health. Only a misconfigured app is for the client to correct while the account waits. */
export const recommend = (health: Health, reason: string | null): Recommendation =>
  health === 'degraded' && reason === 'app_misconfigured' ? 'fix_oauth_app' : BY_HEALTH[health];
