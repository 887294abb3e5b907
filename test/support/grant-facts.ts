import type { Failure } from '#providers';
import type { Canary } from '../../libs/tokens/src/protocol/revocation-policy.js';
import type { GrantChange, GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import { HEALTHY } from '../../libs/tokens/src/protocol/after-refresh.js';

/** When the grants of these tests were given. */
export const START = new Date('2026-11-22T06:00:00Z');

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** That number of milliseconds after START. */
export const at = (milliseconds: number): Date => new Date(START.getTime() + milliseconds);

/** A grant of two hours whose refresh token is good for one refresh. */
export const grantFacts = (changes: GrantChange = {}): GrantFacts => ({
  id: 'grant-1',
  workspaceId: 'workspace-1',
  environment: 'live',
  provider: 'anywhere',
  oauthAppId: 'app-1',
  platformUserId: 'person-1',
  tokenVersion: '1',
  mode: 'rotating_strict',
  scopes: ['read'],
  accessExpiresAt: at(2 * HOUR),
  refreshExpiresAt: null,
  reauthDueAt: null,
  issuedAt: START,
  lastRefreshedAt: null,
  claimEpoch: '1',
  refreshDueAt: at(96 * MINUTE),
  ...HEALTHY,
  ...changes,
});

/** When the token of those grants is due for a refresh. */
export const NOW = 96 * MINUTE;
export const moment = { now: at(NOW), random: (): number => 0.5 };

/** A refresh that failed for a reason that proves nothing about the grant. */
export const failure = (changes: Partial<Failure> = {}): Failure => ({
  class: 'temporary',
  reason: 'provider_unavailable',
  code: 'http_500',
  ...changes,
});
export const refusal = failure({ class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' });

/** A revoked grant that has every sign of it: two strikes, an unknown outcome and an API that refuses its token. */
export const blemished: GrantChange = {
  refreshState: 'confirm',
  attempt: 9,
  lastClass: 'permanent',
  lastReason: 'refresh_unconfirmed',
  lastError: 'invalid_grant',
  strikeCount: 2,
  firstStrikeAt: at(0),
  lastStrikeAt: at(MINUTE),
  apiCheck: 'refuses',
  unknownSince: at(0),
  endedReason: 'grant_revoked',
};

/** The app has no other active grant. */
export const ALONE: Canary = {
  others: false,
  refreshable: false,
  refreshedAt: null,
  acceptedAt: null,
  refusedAt: null,
};

/** There are others, and their last known event is a refresh at that moment; null: there is none. */
export const canary = (okAt: Date | null): Canary => ({
  ...ALONE,
  others: true,
  refreshable: true,
  refreshedAt: okAt,
  acceptedAt: okAt,
});
