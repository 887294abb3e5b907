import { seconds } from '#config';
import { after } from './schedule.js';
import { type GrantChange, type GrantFacts, stateBefore } from './grant.js';

const LAST_CALL = seconds(20);

/** `until`: the holder has until then to settle the claim. `change`: the claim is over. */
export type TakeOver = { until: Date } | { change: GrantChange };

/**
 * A claim that has passed its end. Not sent: the grant is in the state before the claim, and due. Sent: the holder gets a last
 * call first, because after an outage of the database it may still run and hold the answer. Where it does not settle the claim,
 * the outcome is unknown, and the grant is due at once.
 */
export function takeOver(grant: GrantFacts, called: boolean, now: Date): TakeOver {
  const { unknownSince } = grant;
  if (grant.refreshState !== 'in_flight') return { change: { refreshState: stateBefore(grant), refreshDueAt: now } };
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
