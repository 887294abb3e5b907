import { seconds } from '#config';
import { after } from './schedule.js';
import type { GrantChange, GrantFacts } from './grant.js';

const LAST_CALL = seconds(20);

/** `until`: its holder is called once more. Else what the grant is without it. */
export type TakeOver = { until: Date } | { change: GrantChange };

/**
 * A claim that has passed its end. Not sent: the grant is due. Sent: there is a last call first, for after an outage of the
 * database the holder may be as alive as who looks, with the answer in hand; unheard, the outcome is unknown, and due at once.
 */
export function takeOver(grant: GrantFacts, called: boolean, now: Date): TakeOver {
  const { unknownSince } = grant;
  if (grant.refreshState !== 'in_flight')
    return { change: { refreshState: unknownSince === null ? 'backoff' : 'unknown', refreshDueAt: now } };
  if (!called) return { until: after(now, LAST_CALL) };
  const lastReason = 'refresh_outcome_unknown';
  return {
    change: {
      refreshState: 'unknown',
      unknownSince: unknownSince ?? now,
      lastClass: 'temporary',
      lastReason,
      rejectedAt: null,
      refreshDueAt: now,
    },
  };
}
