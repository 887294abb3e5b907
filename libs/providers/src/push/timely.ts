import { type Duration, seconds } from '#config';

/** How far a platform's clock may be ahead of ours. */
const SKEW: Duration = seconds(60);

/** Whether a signed time is at most `oldest` ago and not in the future. An older call may be a replay; NaN is never timely. */
export const isTimely = (at: Date, now: Date, oldest: Duration): boolean =>
  at.getTime() >= now.getTime() - oldest && at.getTime() <= now.getTime() + SKEW;
