import { days, seconds } from '#config';
import type { Failure } from '#providers';
import { after } from './schedule.js';
import { type GrantChange, type GrantFacts, hasEnded, isSpentOnce } from './grant.js';
import { nextTry, revoked } from './last-tries.js';
import { afterFailure, type Now } from './after-refresh.js';
import { afterDoubtfulAnswer, type DoubtfulMoment } from './doubtful-answer.js';

/** How long requests are repeated at a platform that refuses in words nothing lists, if nothing works any more without it. */
const MIN_REFUSED_TIME = days(2);
const IDENTITY_WAIT = seconds(60);

/** What else is known at such a refusal. */
export interface UnlistedRefusalMoment extends Now {
  /** For how many milliseconds the breaker of the app has been closed. */
  closedFor: number;
  /** A token set that may be the same person's waits in an attempt: nothing is decided before its person is known. */
  waiting?: boolean;
}

/**
 * The grant after its refresh was refused in words that no table lists: no strike, because the words may mean anything, and no
 * outage, because the platform answered. The grant ends by it when its access token has ended and such refusals lasted
 * two days. It is tried as often as after a failure meanwhile.
 */
export function afterUnlistedRefusal(grant: GrantFacts, failure: Failure, moment: UnlistedRefusalMoment): GrantChange {
  const { now } = moment;
  const rejected = { rejectedSeconds: rejectedFor(grant, moment), rejectedAt: now };
  // A resend that was answered is not urgent any more.
  const base: GrantChange = { ...afterFailure({ ...grant, refreshState: 'backoff' }, failure, moment), ...rejected };
  if (grant.endedReason !== null) return { ...base, ...nextTry(grant, now) };
  const isUnknown = grant.unknownSince !== null && isSpentOnce(grant);
  base.lastReason = isUnknown ? 'refresh_outcome_unknown' : 'refresh_unconfirmed';
  if (!hasEnded(grant, now) || seconds(rejected.rejectedSeconds) < MIN_REFUSED_TIME) return base;
  if (moment.waiting) return { ...base, refreshDueAt: after(now, IDENTITY_WAIT) };
  return { ...base, unknownSince: null, ...revoked(now, isUnknown ? 'refresh_outcome_unknown' : 'refresh_rejected') };
}

/**
 * The grant after its refresh was refused by a status 4xx without a readable body. A gateway may have answered after the platform,
 * so a one-time token is in doubt and is sent again as after any doubtful answer. Such refusals count like those in unlisted
 * words: without that, a server that refuses without words leaves the grant `degraded` without end.
 */
export function afterRefusalByStatus(
  grant: GrantFacts,
  failure: Failure,
  moment: UnlistedRefusalMoment & DoubtfulMoment,
): GrantChange {
  const failed = isSpentOnce(grant)
    ? afterDoubtfulAnswer(grant, failure, moment)
    : afterFailure({ ...grant, refreshState: 'backoff' }, failure, moment);
  const unknownSince = failed.unknownSince ?? grant.unknownSince;
  const counted = afterUnlistedRefusal({ ...grant, unknownSince }, failure, moment);
  const { rejectedSeconds = 0, rejectedAt = null } = counted;
  return counted.endedReason ? counted : { ...failed, rejectedSeconds, rejectedAt };
}

/** The seconds from one refusal to the next count, unless anything else happened between them: an outage, a pause, an open breaker. */
function rejectedFor({ rejectedSeconds, rejectedAt }: GrantFacts, { now, closedFor }: UnlistedRefusalMoment): number {
  const since = rejectedAt === null ? 0 : Math.max(0, now.getTime() - rejectedAt.getTime());
  return since < closedFor ? rejectedSeconds + Math.round(since / seconds(1)) : rejectedSeconds;
}
