import type { Health } from '#persistence';

/** The three words of the projects surface for the health of an account. */
export const ACCOUNT_STATUSES = ['connected', 'reauth_required', 'disconnected'] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

const BY_HEALTH: Record<Health, AccountStatus> = {
  active: 'connected',
  degraded: 'connected',
  expiring: 'connected',
  restricted: 'connected',
  missing_permissions: 'reauth_required',
  needs_reauth: 'reauth_required',
  disconnected: 'disconnected',
};

export const statusOf = (health: Health): AccountStatus => BY_HEALTH[health];

export const healthsOf = (status: AccountStatus): Health[] =>
  (Object.keys(BY_HEALTH) as Health[]).filter((health) => BY_HEALTH[health] === status);
