import { days, minutes, seconds } from '#config';
import type { RefreshMode } from '#persistence/sql';
import type { TokenSet } from '#providers';
import type { GrantFacts } from './grant.js';

/** The last moment that ISO 8601 writes with a year of four digits; PostgreSQL and JavaScript hold more. */
const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59);
const SHARE = 0.8;
const SPREAD = 0.04;
/** Never twice within this, whatever a token's lifetime is. */
const REFRESH_PAUSE = seconds(60);
const EXTENSION_AGE = days(1);
const FIRST_BACKOFF = seconds(15);
/** The breaker prevents thundering herds, so backoff is capped such that accounts recover within a quarter of an hour after an outage. */
const LONGEST_BACKOFF = minutes(10);
const LONGEST_SPREAD = minutes(5);

/** Draws from [0, 1). */
export type Random = () => number;

/** How the grant of a token set is renewed, and how long its platform's access tokens are valid where an answer does not state it. */
export interface Renewal {
  mode: RefreshMode;
  defaultLife: number | null;
}

/**
 * Seconds that an access token is valid; null: no end is known, and a probe detects the expiry. A platform's default only
 * decides when to renew: where nothing can be renewed, an end that was not stated would end the account too early. A token that
 * is extended is the exception while nothing is stated, for it can be extended only before its end.
 */
export function accessLife({ expiresIn }: Pick<TokenSet, 'expiresIn'>, { mode, defaultLife }: Renewal): number | null {
  if (expiresIn !== null && expiresIn > 0) return expiresIn;
  if (mode === 'none' || (mode === 'extend_self' && expiresIn !== null)) return null;
  return defaultLife;
}

/** The end of a lifetime in seconds, within what a timestamp can hold; null: it has no end. */
export function endOfLife(now: Date, life: number | null): Date | null {
  return life === null || life <= 0 ? null : new Date(Math.min(now.getTime() + seconds(life), LAST_MOMENT));
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

/** A token this young is not renewed, not even by a forced refresh. An age below zero comes from a clock that was set back, and counts as old. */
export function isFresh({ refreshState, mode, issuedAt, accessExpiresAt }: GrantFacts, now: Date): boolean {
  const life = (accessExpiresAt ?? now).getTime() - issuedAt.getTime();
  const age = now.getTime() - issuedAt.getTime();
  return refreshState === 'idle' && age >= 0 && age < shortestAge(mode, life);
}

const SOON = days(7);

/** When a grant that nothing can refresh changes its health next: a week before its end, and at it. Null: never again. */
export function nextHealthChange({ accessExpiresAt }: Pick<GrantFacts, 'accessExpiresAt'>, now: Date): Date | null {
  if (accessExpiresAt === null) return null;
  const moments = [after(accessExpiresAt, -SOON), accessExpiresAt];
  return moments.find((moment) => moment > now) ?? null;
}

/** The first moment of the next day in UTC: by such days some platforms bill and count. */
export const nextUtcDay = (now: Date): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
