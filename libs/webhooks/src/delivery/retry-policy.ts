import { days, hours, minutes, seconds } from '#config';
import type { OutboundOutcome } from '#outbound';

export type Random = () => number;

/** The waits after the first failure, the second, and so on. After the last retry the event is exhausted. */
const RETRY_WAITS = [
  ...[seconds(5), minutes(1), minutes(5), minutes(30), hours(2)],
  ...[hours(5), hours(10), hours(14), hours(20), hours(24)],
] as const;
const SPREAD = 0.2;
/** A receiver that is overloaded or behind a failing proxy is left alone for so long. */
const OVERLOAD_WAIT = seconds(60);
const LONGEST_RETRY_AFTER = hours(1);
const OVERLOADED = new Set([429, 502, 503, 504]);
const GONE = 410;

/** Failures in a row, of all accounts together, after which an endpoint is paused. */
export const FAILURES_UNTIL_PAUSE = 20;
/** A paused endpoint gets one delivery an hour on its first day, and then one in six hours. */
const FIRST_PERIOD = days(1);
const PAUSED_WAITS = { first: hours(1), later: hours(6) } as const;
/** An endpoint that was paused for so long is disabled. */
const LONGEST_PAUSE = days(14);

export type Decision =
  | { kind: 'succeeded' }
  /** `wait`: milliseconds until the next attempt; null: it was the last one. */
  | { kind: 'failed'; wait: number | null }
  /** The endpoint is gone for good. */
  | { kind: 'gone' };

/** `attempts`: those made before this one. `scale`: of all waits; 1 in production. */
export interface Attempt {
  attempts: number;
  scale: number;
  random: Random;
}

/** Decides what follows from the outcome of one attempt. */
export function decideNext(outcome: OutboundOutcome, { attempts, scale, random }: Attempt): Decision {
  if (outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300) return { kind: 'succeeded' };
  if (outcome.kind === 'answered' && outcome.status === GONE) return { kind: 'gone' };
  const planned = RETRY_WAITS[attempts];
  if (planned === undefined) return { kind: 'failed', wait: null };
  const spread = planned * (1 - SPREAD + 2 * SPREAD * random());
  return { kind: 'failed', wait: Math.round(Math.max(spread, requestedWait(outcome)) * scale) };
}

/** Milliseconds that the receiver needs at least. */
function requestedWait(outcome: OutboundOutcome): number {
  if (outcome.kind !== 'answered') return outcome.kind === 'failed' && outcome.code === 'timeout' ? OVERLOAD_WAIT : 0;
  const { status, headers } = outcome;
  const retryAfter = /^\d{1,9}$/.test(headers['retry-after'] ?? '') ? seconds(Number(headers['retry-after'])) : 0;
  return Math.max(Math.min(retryAfter, LONGEST_RETRY_AFTER), OVERLOADED.has(status) ? OVERLOAD_WAIT : 0);
}

/** Milliseconds until the next attempt at an endpoint that has been paused for `paused` milliseconds; null: it is disabled. */
export function waitOfPaused(paused: number, scale: number): number | null {
  if (paused >= LONGEST_PAUSE * scale) return null;
  return (paused < FIRST_PERIOD * scale ? PAUSED_WAITS.first : PAUSED_WAITS.later) * scale;
}

/** What went wrong, as one word for the list of deliveries. Null: nothing. */
export function errorOf(outcome: OutboundOutcome): string | null {
  if (outcome.kind === 'refused') return `url_${outcome.reason}`;
  return outcome.kind === 'failed' ? outcome.code : null;
}
