import { hours, minutes, seconds } from '#config';
import type { Failure, TokenSet } from '#providers';
import { isRepeat, judge, type Strike } from './death-rule.js';
import { after, backoff, endOfLife, type Random, refreshDue } from './due.js';
import type { GrantChange, GrantFacts } from './grant.js';
import { death, nextTry, putOff } from './last-tries.js';

export interface Now {
  now: Date;
  random: Random;
}

/** An app that is refused is asked again at this pace: its owner has to act, and no account is hurt meanwhile. */
const APP_PAUSE = minutes(5);
const OWNER_PAUSE = hours(1);

/** The grant after an ok: times from what the platform said, everything held against it forgotten. */
export function afterTokens(grant: GrantFacts, tokens: TokenSet, defaultLife: number | null, { now, random }: Now): GrantChange {
  const accessExpiresAt = endOfLife(now, tokens.expiresIn ?? defaultLife);
  return {
    accessExpiresAt,
    refreshExpiresAt: endOfLife(now, tokens.refreshExpiresIn) ?? stillAhead(grant.refreshExpiresAt, now),
    issuedAt: now,
    lastRefreshedAt: now,
    scopes: tokens.scopes ?? grant.scopes,
    refreshDueAt: refreshDue(grant.mode, now, accessExpiresAt, random),
    ...UNBLEMISHED,
  };
}

/** An end that was said before and has passed was wrong: there was an ok after it. */
const stillAhead = (end: Date | null, now: Date): Date | null => (end !== null && end > now ? end : null);

/** A grant about which nothing bad is known. */
export const UNBLEMISHED = {
  refreshState: 'idle',
  attempt: 0,
  lastClass: null,
  lastReason: null,
  lastError: null,
  strikeCount: 0,
  firstStrikeAt: null,
  lastStrikeAt: null,
  witness: null,
  unknownSince: null,
  endedReason: null,
} as const satisfies GrantChange;

/** The grant after a refusal that is no verdict on it: the platform, the app or the owner is the matter. */
export function afterFailure(grant: GrantFacts, failure: Failure, { now, random }: Now): GrantChange {
  const base: GrantChange = {
    refreshState: grant.unknownSince === null ? 'backoff' : 'unknown',
    lastClass: failure.class,
    lastReason: failure.reason,
    lastError: failure.code,
  };
  if (grant.endedReason !== null) return { ...base, ...putOff(grant, now) };
  const attempt = grant.attempt + 1;
  const pause = { app: APP_PAUSE, owner: OWNER_PAUSE }[failure.class as string] ?? 0;
  const wait = Math.max(pause, backoff(attempt, failure.retryAfter, random));
  return { ...base, attempt, refreshDueAt: after(now, failure.retryAfter ? wait : inTime(grant, now, wait)) };
}

/** What is extended must be extended while it lives: its next try is at half of what is left, however long the backoff. */
function inTime({ mode, accessExpiresAt }: GrantFacts, now: Date, wait: number): number {
  const left = (accessExpiresAt?.getTime() ?? Infinity) - now.getTime();
  return mode === 'extend_self' && left > 0 ? Math.min(wait, Math.max(left / 2, seconds(5))) : wait;
}

/** The request may have reached the platform and no answer came: resend at once (`refresh.md` 2.5). */
export function afterLostAnswer(grant: GrantFacts, { now, random }: Now): GrantChange {
  const base: GrantChange = {
    refreshState: 'unknown',
    unknownSince: grant.unknownSince ?? now,
    lastClass: 'temporary',
    lastReason: 'refresh_outcome_unknown',
    lastError: 'answer_lost',
  };
  const again = grant.unknownSince !== null;
  if (grant.endedReason !== null) return { ...base, ...(again ? putOff(grant, now) : { attempt: grant.attempt, refreshDueAt: now }) };
  const attempt = grant.attempt + 1;
  return { ...base, attempt, refreshDueAt: again ? after(now, backoff(attempt, undefined, random)) : now };
}

/** The grant after the platform said it is gone: a strike, and death only by the rule. */
export function afterStrike(grant: GrantFacts, failure: Failure, strike: Strike): GrantChange {
  const { now } = strike;
  const base: GrantChange = {
    attempt: grant.attempt + 1,
    lastClass: 'permanent',
    lastReason: 'refresh_unconfirmed',
    lastError: failure.code,
    unknownSince: null,
    ...count(grant, strike),
  };
  if (grant.endedReason !== null) return { ...base, ...nextTry(grant, now) };
  if (grant.unknownSince !== null && isSpentOnce(grant)) return { ...base, ...death(now, 'refresh_outcome_unknown') };
  const verdict = judge(grant, strike);
  if (verdict.dead) return { ...base, ...death(now, reasonOfDeath(grant, failure, now)) };
  return { ...base, refreshState: 'confirm', refreshDueAt: verdict.askAgainAt };
}

/** A repeated strike is no new one; only what it brings in the grant's favour counts. */
function count(grant: GrantFacts, { now, witness }: Strike): GrantChange {
  if (isRepeat(grant, now)) return witness === 'accepts' ? { witness } : {};
  return { strikeCount: grant.strikeCount + 1, firstStrikeAt: grant.firstStrikeAt ?? now, lastStrikeAt: now, witness };
}

/** Whether a refresh uses its token up, so that the second sending of one that arrived is refused. */
const isSpentOnce = ({ mode }: GrantFacts): boolean => mode === 'rotating_strict' || mode === 'rotating_grace';

function reasonOfDeath(grant: GrantFacts, failure: Failure, now: Date): string {
  return grant.refreshExpiresAt !== null && grant.refreshExpiresAt <= now ? 'grant_expired' : failure.reason;
}
