import { seconds } from '#config';
import type { Failure } from '#providers';
import { after } from './schedule.js';
import type { GrantChange, GrantFacts } from './grant.js';
import { afterFailure, type Now } from './after-refresh.js';

/** Waits before the resends within a grace period: the first, the second and the third. */
const RESEND_DELAYS = [seconds(1), seconds(3), seconds(8)];

/** What else is known at such an answer. */
export interface DoubtfulMoment extends Now {
  /** How many requests with this token were sent within the last grace period, this one included; null: the platform has none. */
  sentInGrace: number | null;
}

/**
 * The grant after an answer that leaves it open whether a one-time token was spent, such as a 502: a failure of the platform
 * that is recorded, because a later refusal of this token may be the consequence. The token is sent again like after any
 * failure, so that an outage causes no burst; within a grace period, in which the platform still gives the same answer to
 * the same token, it is sent up to three times before other work, unless the platform requests a wait. A token that the platform
 * has already refused in words that no table lists is not in doubt: otherwise one failure in two days would hide the reason.
 */
export function afterDoubtfulAnswer(grant: GrantFacts, failure: Failure, moment: DoubtfulMoment): GrantChange {
  const { now, sentInGrace } = moment;
  const failed = afterFailure({ ...grant, refreshState: 'backoff' }, failure, moment);
  const base: GrantChange = { ...failed, unknownSince: grant.unknownSince ?? (wasRejected(grant) ? null : now) };
  const wait = sentInGrace === null ? undefined : RESEND_DELAYS[sentInGrace - 1];
  if (wait === undefined || failure.retryAfter !== undefined || grant.endedReason !== null) return base;
  return { ...base, refreshState: 'unknown', refreshDueAt: after(now, wait) };
}

const wasRejected = ({ rejectedSeconds, rejectedAt }: GrantFacts): boolean =>
  rejectedSeconds > 0 || rejectedAt !== null;
