import { minutes, seconds, type Duration } from '#config';

/** How requests of one app reach its platform: freely, not before `probeAt`, or one at a time. Moments in milliseconds. */
export type Breaker =
  /** `since`: when it closed; null: it was never open, so there is nothing to ramp. */
  | { state: 'closed'; since: number | null }
  /** `failed`: how many probes in a row met a platform that was still unwell. */
  | { state: 'open'; probeAt: number; failed: number }
  | { state: 'half_open'; failed: number; oks: number };

/** How many different grants of an app met what, lately. */
export interface Tally {
  ok: number;
  /** Refused for good, unexpectedly. */
  permanent: number;
  /** Failed, or never answered. */
  temporary: number;
}

export const CLOSED: Breaker = { state: 'closed', since: null };

/** Fewer prove nothing about an app: a handful of people may well leave in the same minutes. */
const FEWEST = 10;
const PERMANENT_SHARE = 0.3;
const TEMPORARY_SHARE = 0.5;
/** The last one repeats. Short enough for all of an app to be refreshed a quarter of an hour after the platform's return. */
const PROBES: readonly [Duration, ...Duration[]] = [seconds(30), minutes(1), minutes(2), minutes(5)];
/** Between two probes. */
export const LONGEST_WAIT: Duration = Math.max(...PROBES);
const OKS_TO_CLOSE = 3;
/** This many inconclusive probes in a row count as a failed one: after an outage every grant of an app may be in doubt. */
export const MAX_INCONCLUSIVE_PROBES = 10;

/** Whether the failures concern the app or its platform rather than single grants. */
export function isAlarming({ ok, permanent, temporary }: Tally): boolean {
  const seen = ok + permanent + temporary;
  return (
    (permanent >= FEWEST && permanent >= PERMANENT_SHARE * seen) ||
    (temporary >= FEWEST && temporary >= TEMPORARY_SHARE * seen)
  );
}

/** The breaker at a failure: the n-th probe waits the longer the more have failed. */
export function opened(now: number, failed = 0): Breaker {
  return { state: 'open', probeAt: now + (PROBES[failed] ?? LONGEST_WAIT), failed };
}

/** A probe is on its way. */
export function probing(breaker: Breaker): Breaker {
  return breaker.state === 'open' ? { state: 'half_open', failed: breaker.failed, oks: 0 } : breaker;
}

/** What a probe's answer makes of a half-open breaker; after an ok, a failure is the first again. */
export function probed(breaker: Breaker, well: boolean, now: number): Breaker {
  if (breaker.state !== 'half_open') return breaker;
  const oks = breaker.oks + 1;
  if (!well) return opened(now, breaker.oks > 0 ? 0 : breaker.failed + 1);
  return oks >= OKS_TO_CLOSE ? { state: 'closed', since: now } : { ...breaker, oks };
}

/** How many probes have failed in a breaker that has been open for `openFor`: after a restart nothing else records it. */
export function failedWithin(openFor: Duration): number {
  let failed = 0;
  let end = 0;
  while (failed < PROBES.length && (end += PROBES[failed] ?? LONGEST_WAIT) < openFor) failed += 1;
  return failed;
}
