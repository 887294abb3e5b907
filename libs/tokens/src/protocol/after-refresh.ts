import { hours, minutes, seconds } from '#config';
import type { Failure, TokenSet } from '#providers';
import { isRepeat, judge, type Strike } from './revocation-policy.js';
import { accessLife, after, backoff, endOfLife, type Random, refreshDue } from './schedule.js';
import { type GrantChange, type GrantFacts, hasEnded } from './grant.js';
import { death, nextTry, putOff } from './last-tries.js';

export interface Now {
  now: Date;
  random: Random;
}

/** An app that is refused is asked again at this pace: its owner has to act, and no account is hurt meanwhile. */
const APP_PAUSE = minutes(5);
const OWNER_PAUSE = hours(1);
/** An unknown outcome is not left alone for longer, unless the platform itself says when to come back: few are, and each is a doubt. */
const UNKNOWN_AT_LEAST = seconds(40);
/** While a platform may still give the same answer to the same token, one more lost answer is no reason to let that time pass. */
const UNKNOWN_IN_GRACE = seconds(5);
const GRACE_AT_MOST = minutes(2);
/** A strike so soon after a rotation, and long before the next one, is hardly the person's doing. */
const JUST_CAME = minutes(5);
/** How long a verdict waits at a time for a token set to be given its person. */
const WAIT_FOR_A_NAME = seconds(60);

/** The grant after an ok: times from what the platform said, everything held against it forgotten. */
export function afterTokens(
  grant: GrantFacts,
  tokens: TokenSet,
  defaultLife: number | null,
  { now, random }: Now,
): GrantChange {
  const accessExpiresAt = endOfLife(now, accessLife(tokens, { mode: grant.mode, defaultLife }));
  return {
    accessExpiresAt,
    refreshExpiresAt: endOfLife(now, tokens.refreshExpiresIn) ?? stillAhead(grant.refreshExpiresAt, now),
    issuedAt: now,
    lastRefreshedAt: now,
    scopes: tokens.scopes ?? grant.scopes,
    refreshDueAt: refreshDue(grant.mode, now, accessExpiresAt, random),
    ...HEALTHY,
  };
}

/** An end that was said before and has passed was wrong: there was an ok after it. */
const stillAhead = (end: Date | null, now: Date): Date | null => (end !== null && end > now ? end : null);

export const NO_STRIKES = {
  strikeCount: 0,
  firstStrikeAt: null,
  lastStrikeAt: null,
  apiCheck: null,
} as const satisfies GrantChange;

export const NO_UNLISTED_REFUSALS = { rejectedSeconds: 0, rejectedAt: null } as const satisfies GrantChange;

/** A grant about which nothing bad is known. */
export const HEALTHY = {
  refreshState: 'idle',
  attempt: 0,
  lastClass: null,
  lastReason: null,
  lastError: null,
  ...NO_STRIKES,
  unknownSince: null,
  ...NO_UNLISTED_REFUSALS,
  endedReason: null,
} as const satisfies GrantChange;

/** The grant after a refusal that is no verdict on it: the platform, the app or the owner is the matter. */
export function afterFailure(grant: GrantFacts, failure: Failure, { now, random }: Now): GrantChange {
  const base: GrantChange = {
    refreshState: grant.unknownSince === null ? 'backoff' : 'unknown',
    lastClass: failure.class,
    lastReason: failure.reason,
    lastError: failure.code,
    rejectedAt: null,
  };
  if (grant.endedReason !== null) return { ...base, ...putOff(grant, now) };
  const attempt = grant.attempt + 1;
  const pause = { app: APP_PAUSE, owner: OWNER_PAUSE }[failure.class as string] ?? 0;
  const wait = Math.max(pause, backoff(attempt, failure.retryAfter, random));
  return { ...base, attempt, refreshDueAt: after(now, failure.retryAfter ? wait : limitWait(grant, now, wait)) };
}

/** What is unknown is asked for again soon, and what is extended must be extended while it lives: its next try is at half of what is left, however long the backoff. */
function limitWait({ mode, accessExpiresAt, unknownSince }: GrantFacts, now: Date, wait: number): number {
  if (unknownSince !== null)
    return Math.min(wait, mayBeInGrace(mode, now, unknownSince) ? UNKNOWN_IN_GRACE : UNKNOWN_AT_LEAST);
  const left = (accessExpiresAt?.getTime() ?? Infinity) - now.getTime();
  return mode === 'extend_self' && left > 0 ? Math.min(wait, Math.max(left / 2, seconds(5))) : wait;
}

const mayBeInGrace = (mode: GrantFacts['mode'], now: Date, since: Date): boolean =>
  mode === 'rotating_grace' && now.getTime() - since.getTime() < GRACE_AT_MOST;

/**
 * A refusal while the app's breaker is open speaks of the platform, not of the grant: it counts as a failure, and so do the
 * strikes that led to it.
 */
export function afterRefusalWhileOpen(grant: GrantFacts, { code }: Failure, moment: Now): GrantChange {
  const failed = afterFailure(grant, { class: 'temporary', reason: 'provider_unavailable', code }, moment);
  return { ...failed, ...NO_STRIKES };
}

/** The request may have reached the platform and no answer came: it is sent once more at once. */
export function afterLostAnswer(grant: GrantFacts, { now, random }: Now): GrantChange {
  const base: GrantChange = {
    refreshState: 'unknown',
    unknownSince: grant.unknownSince ?? now,
    lastClass: 'temporary',
    lastReason: isSpentOnce(grant) ? 'refresh_outcome_unknown' : 'provider_unavailable',
    lastError: 'answer_lost',
    rejectedAt: null,
  };
  const again = grant.unknownSince !== null;
  if (grant.endedReason !== null)
    return { ...base, ...(again ? putOff(grant, now) : { attempt: grant.attempt, refreshDueAt: now }) };
  const attempt = grant.attempt + 1;
  return {
    ...base,
    attempt,
    refreshDueAt: again ? after(now, limitWait(grant, now, backoff(attempt, undefined, random))) : now,
  };
}

/** What else is known at a strike. */
export interface StrikeContext extends Strike {
  /** A token set that may be the same person's waits in an attempt: no verdict before it is known whose it is. */
  waiting?: boolean;
  /** The platform promises the same answer to the same token for longer than since it was first sent. */
  withinGrace?: boolean;
  /** The stored pair came of a token that was sent again after it: by that the platform has ended the pair. */
  superseded?: boolean;
}

/** The grant after the platform said it is gone: a strike, and death only by the rule. */
export function afterStrike(grant: GrantFacts, failure: Failure, strike: StrikeContext): GrantChange {
  const { now } = strike;
  const base: GrantChange = {
    attempt: grant.attempt + 1,
    lastClass: 'permanent',
    lastReason: suspicionOf(grant, strike),
    lastError: failure.code,
    unknownSince: null,
    ...count(grant, strike),
  };
  if (grant.endedReason !== null) return { ...base, ...nextTry(grant, now) };
  if (grant.unknownSince !== null && isSpentOnce(grant) && !strike.withinGrace) return afterSpent(grant, base, strike);
  const verdict = judge(grant, strike);
  if (!verdict.dead) return { ...base, refreshState: 'confirm', refreshDueAt: verdict.askAgainAt };
  if (strike.waiting) return { ...base, refreshState: 'confirm', refreshDueAt: after(now, WAIT_FOR_A_NAME) };
  return { ...base, ...death(now, endReasonOf({ ...grant, ...base }, failure, now)) };
}

/** A one-time token whose first sending was not answered is refused: its successor is lost, if it is not the one that waits. */
function afterSpent({ unknownSince }: GrantFacts, base: GrantChange, { now, waiting }: StrikeContext): GrantChange {
  if (!waiting) return { ...base, ...death(now, 'refresh_outcome_unknown') };
  const unknown = { lastClass: 'temporary', lastReason: 'refresh_outcome_unknown', unknownSince } as const;
  return { ...base, ...unknown, refreshState: 'unknown', refreshDueAt: after(now, WAIT_FOR_A_NAME) };
}

/** A repeated strike is no new one; only what it brings in the grant's favour counts. What an ended token cannot say, it said. */
function count(grant: GrantFacts, { now, apiCheck }: Strike): GrantChange {
  if (isRepeat(grant, now)) return apiCheck === 'accepts' ? { apiCheck } : {};
  const last = hasEnded(grant, now) ? (grant.apiCheck ?? apiCheck) : apiCheck;
  return {
    strikeCount: grant.strikeCount + 1,
    firstStrikeAt: grant.firstStrikeAt ?? now,
    lastStrikeAt: now,
    apiCheck: last,
  };
}

/** Whether a refresh uses its token up, so that the second sending of one that arrived is refused. */
export const isSpentOnce = ({ mode }: Pick<GrantFacts, 'mode'>): boolean =>
  mode === 'rotating_strict' || mode === 'rotating_grace';

/** A one-time token that is refused right after it came, while the API takes its sister: somebody else has spent it, if it was not ourselves. */
function suspicionOf(grant: GrantFacts, { now, apiCheck, superseded }: StrikeContext): string {
  if (superseded && isSpentOnce(grant)) return 'refresh_outcome_unknown';
  const before = grant.lastReason === 'rotated_elsewhere' && apiCheck !== 'refuses';
  const suspected = before || (isSpentOnce(grant) && apiCheck === 'accepts' && justCame(grant, now));
  return suspected ? 'rotated_elsewhere' : 'refresh_unconfirmed';
}

function justCame({ lastRefreshedAt, accessExpiresAt }: GrantFacts, now: Date): boolean {
  if (lastRefreshedAt === null) return false;
  const life = (accessExpiresAt?.getTime() ?? Infinity) - lastRefreshedAt.getTime();
  return now.getTime() - lastRefreshedAt.getTime() <= Math.min(JUST_CAME, life / 2);
}

/**
 * A person who takes the consent back ends both tokens. Where the API went on taking the access token until its end, it was
 * the refresh token alone that was spent: by another installation with the same app and person.
 */
function endReasonOf(grant: GrantFacts & GrantChange, failure: Failure, now: Date): string {
  if (grant.refreshExpiresAt !== null && grant.refreshExpiresAt <= now) return 'grant_expired';
  if (failure.reason !== 'grant_revoked') return failure.reason;
  if (grant.lastReason === 'refresh_outcome_unknown') return grant.lastReason;
  const elsewhere = isSpentOnce(grant) && (grant.apiCheck === 'accepts' || grant.lastReason === 'rotated_elsewhere');
  return elsewhere ? 'rotated_elsewhere' : failure.reason;
}
