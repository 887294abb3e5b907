import type { Canary } from '../../libs/tokens/src/protocol/death-rule.js';
import type { GrantChange, GrantFacts } from '../../libs/tokens/src/protocol/grant.js';
import { UNBLEMISHED } from '../../libs/tokens/src/protocol/settle.js';

/** When the grants of these tests were given. */
export const START = new Date('2026-11-22T06:00:00Z');

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** So many milliseconds after START. */
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
  ...UNBLEMISHED,
  ...changes,
});

/** The app has no other living grant. */
export const ALONE: Canary = {
  others: false,
  refreshable: false,
  refreshedAt: null,
  acceptedAt: null,
  refusedAt: null,
};

/** There are others, and the last thing heard of them is a refresh at that moment; null: nothing was heard. */
export const canary = (okAt: Date | null): Canary => ({
  ...ALONE,
  others: true,
  refreshable: true,
  refreshedAt: okAt,
  acceptedAt: okAt,
});
