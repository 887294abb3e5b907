import { days, minutes, seconds } from '#config';
import type { RefreshMode } from '#persistence/sql';

const SHORTEST_LIFE = 60;
const LONGEST_LIFE = 400 * 24 * 60 * 60;
const SHARE = 0.8;
const SPREAD = 0.04;
/** Never twice within this, whatever a token's life is. */
const REFRESH_PAUSE = seconds(60);
const EXTENSION_AGE = days(1);
const FIRST_BACKOFF = seconds(15);
/** Behind a breaker nobody herds, and an account is well again within a quarter of an hour after an outage. */
const LONGEST_BACKOFF = minutes(10);
const LONGEST_SPREAD = minutes(5);

/** Draws from [0, 1). */
export type Random = () => number;

/** The end of a life of `expiresIn` seconds, clamped to a sane one; null: it has no end. */
export function endOfLife(now: Date, expiresIn: number | null): Date | null {
  if (expiresIn === null) return null;
  return after(now, seconds(Math.min(Math.max(expiresIn, SHORTEST_LIFE), LONGEST_LIFE)));
}

/** When to refresh: at 80 % of the life, ±4 % so that tokens born together do not come back together. */
export function refreshDue(mode: RefreshMode, issuedAt: Date, expiresAt: Date | null, random: Random): Date | null {
  if (mode === 'none' || expiresAt === null) return null;
  const life = expiresAt.getTime() - issuedAt.getTime();
  const share = SHARE + SPREAD * (2 * random() - 1);
  return after(issuedAt, Math.max(life * share, shortestAge(mode, life)));
}

/** How old a token of that life must be before it is renewed: a minute, or a day where it is extended (Meta refuses before). */
export const shortestAge = (mode: RefreshMode, life: number): number =>
  mode === 'extend_self' && life > EXTENSION_AGE ? EXTENSION_AGE : REFRESH_PAUSE;

/**
 * How long to wait after the nth failure in a row: doubling, with full jitter. A Retry-After is waited for whole, and then
 * the jitter: a limit that ends at midnight ends for every grant at once.
 */
export function backoff(attempt: number, retryAfter: number | undefined, random: Random): number {
  const longest = retryAfter === undefined ? LONGEST_BACKOFF : LONGEST_SPREAD;
  const ceiling = Math.min(longest, FIRST_BACKOFF * 2 ** Math.min(attempt, 16));
  return seconds(retryAfter ?? 0) + Math.max(ceiling * random(), seconds(1));
}

export const after = (moment: Date, milliseconds: number): Date => new Date(moment.getTime() + milliseconds);
