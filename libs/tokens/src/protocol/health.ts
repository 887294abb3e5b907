import { days } from '#config';
import type { Health, ProbeClass } from '#persistence/sql';
import { after } from './schedule.js';
import { type GrantFacts, hasEnded } from './grant.js';

/** What an account adds to its grant's facts. */
export interface AccountFacts {
  health: Health;
  missingScopes: readonly string[];
  /** Whether it has a token of its own, without an end; its grant's only renews it. */
  ownToken: boolean;
  /** What the last probes hold against it. */
  probeClass: ProbeClass | null;
  probeReason: string | null;
  /** Its token, or the secret of its app, does not open here. */
  isSealBroken: boolean;
}

/** Why the app cannot refresh: its own matter, or a breaker that holds its platform for unwell; null: it can. */
export type AppFailure = 'app_paused' | 'app_misconfigured' | 'provider_unavailable' | null;

export interface HealthState {
  health: Health;
  reason: string | null;
}

export interface HealthInput {
  grant: GrantFacts;
  account: AccountFacts;
  app: AppFailure;
  now: Date;
}

const SOON = days(7);

/** The reason of an account, and the error code of a refresh, where a sealed row does not open. */
export const SEAL_BROKEN = 'seal_broken';

/** Worst first: the first that applies is the health. */
const RULES: ((input: HealthInput) => HealthState | undefined)[] = [
  disconnected,
  gone,
  sealed,
  restricted,
  incomplete,
  degradedByFailure,
  ending,
];

/** The one place that decides the health of an account. It is derived from facts and stored with them, never set by hand. */
export function deriveHealth(input: HealthInput): HealthState {
  for (const rule of RULES) {
    const state = rule(input);
    if (state) return state;
  }
  return { health: 'active', reason: null };
}

function disconnected({ account }: HealthInput): HealthState | undefined {
  return account.health === 'disconnected' ? { health: 'disconnected', reason: null } : undefined;
}

/** The grant or the account has ended by its rule, or the last token has expired and nothing can renew it. */
function gone({ grant, account, now }: HealthInput): HealthState | undefined {
  if (account.probeClass === 'permanent') return { health: 'needs_reauth', reason: account.probeReason };
  if (account.ownToken) return undefined;
  if (grant.endedReason !== null) return { health: 'needs_reauth', reason: grant.endedReason };
  if (hasEnded(grant, now) && !canRenew(grant, now)) {
    return { health: 'needs_reauth', reason: isRefreshable(grant) ? 'grant_expired' : 'token_unrefreshable' };
  }
  return undefined;
}

/** No request can be sent. The operator of the service has to act, and a reconnect replaces what does not open. */
function sealed({ account }: HealthInput): HealthState | undefined {
  return account.isSealBroken ? { health: 'degraded', reason: SEAL_BROKEN } : undefined;
}

function restricted({ grant, account }: HealthInput): HealthState | undefined {
  if (account.probeClass === 'owner') return { health: 'restricted', reason: account.probeReason };
  return grant.lastClass === 'owner' ? { health: 'restricted', reason: grant.lastReason } : undefined;
}

function incomplete({ grant, account }: HealthInput): HealthState | undefined {
  if (account.probeClass === 'permission') return { health: 'missing_permissions', reason: account.probeReason };
  if (grant.lastClass === 'permission') return { health: 'missing_permissions', reason: grant.lastReason };
  return account.missingScopes.length > 0 ? { health: 'missing_permissions', reason: 'scope_missing' } : undefined;
}

/** A failure of the app or the platform does not change an account until its access token has expired; a strike or a lost answer does. */
function degradedByFailure({ grant, account, app, now }: HealthInput): HealthState | undefined {
  if (account.probeClass === 'suspected') return { health: 'degraded', reason: 'refresh_unconfirmed' };
  if (account.probeClass === 'unverified') return { health: 'degraded', reason: unverifiedReason(account) };
  if (account.ownToken) return undefined;
  return degradedGrant(grant, app, hasEnded(grant, now));
}

/** A first answer that requires something of the person is stored as its class. */
const unverifiedReason = ({ probeReason }: AccountFacts): string | null =>
  probeReason === 'permission' || probeReason === 'owner' ? 'refresh_unconfirmed' : probeReason;

function degradedGrant(grant: GrantFacts, app: AppFailure, ended: boolean): HealthState | undefined {
  if (app !== null && ended) return { health: 'degraded', reason: app };
  if (grant.refreshState === 'idle' || grant.lastClass === null) return undefined;
  if (grant.lastClass === 'app' && !ended) return undefined;
  return { health: 'degraded', reason: grant.lastReason };
}

function ending({ grant, account, now }: HealthInput): HealthState | undefined {
  const end = reauthDueOf({ grant, account, now });
  return end !== null && end <= after(now, SOON) ? { health: 'expiring', reason: 'token_unrefreshable' } : undefined;
}

/** The time after which only the person can help: the end of the consent, or of a token that nothing can renew. */
export function reauthDueOf({ grant, account, now }: Pick<HealthInput, 'grant' | 'account' | 'now'>): Date | null {
  return grant.reauthDueAt ?? (account.ownToken || canRenew(grant, now) ? null : grant.accessExpiresAt);
}

/** Only an app can refresh, and one that was deleted is none. */
const isRefreshable = ({ mode, oauthAppId }: GrantFacts): boolean => mode !== 'none' && oauthAppId !== null;

/** Whether something of ours can still prolong it: what is extended must still live, what is refreshed must not have ended. */
function canRenew(grant: GrantFacts, now: Date): boolean {
  if (!isRefreshable(grant)) return false;
  if (grant.mode === 'extend_self') return !hasEnded(grant, now);
  return grant.refreshExpiresAt === null || grant.refreshExpiresAt > now;
}
