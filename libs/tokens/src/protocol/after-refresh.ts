import { hours, minutes, seconds } from '#config';
import type { Failure, TokenSet } from '#providers';
import { decideRevocation, isRepeat, type Strike } from './revocation-policy.js';
import { accessLife, after, backoff, endOfLife, type Random, refreshDue } from './schedule.js';
import { type GrantChange, type GrantFacts, hasEnded, isInDoubt, isSpentOnce } from './grant.js';
import { nextTry, postponeTry, revoked } from './last-tries.js';

export interface Now {
  now: Date;
  random: Random;
}

/** A refused app is retried at this pace: its owner has to act, and its accounts keep their tokens meanwhile. */
const APP_RETRY_DELAY = minutes(5);
const OWNER_RETRY_DELAY = hours(1);
/** Unknown outcomes are few and urgent, so their retries are not further apart, unless the platform sends a Retry-After. */
const MAX_UNKNOWN_DELAY = seconds(40);
/** Within the grace period of a platform, while it still gives the same answer to the same token. */
const MAX_UNKNOWN_DELAY_IN_GRACE = seconds(5);
const MAX_GRACE = minutes(2);
/** A strike so soon after a rotation is hardly a revocation by the person. */
const MAX_FRESH_AGE = minutes(5);
/** How long a decision waits at a time for the person of a token set to be identified. */
const IDENTITY_WAIT = seconds(60);

/** The grant after new tokens: no failure left. Lifetimes count from the dispatch, because an answer may be stored late. */
export function afterTokens(
  grant: GrantFacts,
  tokens: TokenSet,
  defaultLife: number | null,
  { now, random, dispatchedAt = now }: Now & { dispatchedAt?: Date },
): GrantChange {
  const accessExpiresAt = endOfLife(dispatchedAt, accessLife(tokens, { mode: grant.mode, defaultLife }));
  return {
    accessExpiresAt,
    refreshExpiresAt: endOfLife(dispatchedAt, tokens.refreshExpiresIn) ?? stillAhead(grant.refreshExpiresAt, now),
    issuedAt: dispatchedAt,
    lastRefreshedAt: now,
    scopes: tokens.scopes ?? grant.scopes,
    refreshDueAt: refreshDue(grant.mode, dispatchedAt, accessExpiresAt, random),
    ...HEALTHY,
  };
}

/** An announced end that has passed was wrong, because the refresh succeeded after it. */
const stillAhead = (end: Date | null, now: Date): Date | null => (end !== null && end > now ? end : null);

export const NO_STRIKES = {
  strikeCount: 0,
  firstStrikeAt: null,
  lastStrikeAt: null,
  apiCheck: null,
} as const satisfies GrantChange;

export const NO_UNLISTED_REFUSALS = { rejectedSeconds: 0, rejectedAt: null } as const satisfies GrantChange;

/** A grant without failure, strike and doubt. */
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

/** The grant after a failure that is not its own: of the platform, the app or the owner. An urgent resend stays urgent. */
export function afterFailure(grant: GrantFacts, failure: Failure, { now, random }: Now): GrantChange {
  const base: GrantChange = {
    refreshState: grant.refreshState === 'unknown' ? 'unknown' : 'backoff',
    lastClass: failure.class,
    lastReason: failure.reason,
    lastError: failure.code,
    rejectedAt: null,
  };
  if (grant.endedReason !== null) return { ...base, ...postponeTry(grant, now) };
  const attempt = grant.attempt + 1;
  const first = afterFirstAnswer(grant, failure, now);
  if (first) return { ...base, attempt, ...first };
  const pause = { app: APP_RETRY_DELAY, owner: OWNER_RETRY_DELAY }[failure.class as string] ?? 0;
  const wait = Math.max(pause, backoff(attempt, failure.retryAfter, random));
  return { ...base, attempt, refreshDueAt: after(now, failure.retryAfter ? wait : limitWait(grant, now, wait)) };
}

const SECOND_ANSWER_DELAY = seconds(60);
/** A caller may repeat a forced refresh: two answers so close to each other count once. */
const EARLIEST_SECOND_ANSWER = seconds(10);

const requiresPerson = ({ class: of }: Failure): boolean => of === 'owner' || of === 'permission';

/** The grant after the first answer that requires something of the person: one never decides. Null: it is the second. */
function afterFirstAnswer(grant: GrantFacts, failure: Failure, now: Date): GrantChange | null {
  if (!requiresPerson(failure) || grant.lastClass === failure.class) return null;
  const { lastReason, lastError, refreshDueAt } = grant;
  const isRepeated = lastReason === 'refresh_unconfirmed' && lastError === failure.code && refreshDueAt !== null;
  if (isRepeated && now >= after(refreshDueAt, -EARLIEST_SECOND_ANSWER)) return null;
  const waits = { lastClass: 'temporary', lastReason: 'refresh_unconfirmed' } as const;
  return { ...waits, refreshDueAt: isRepeated ? refreshDueAt : after(now, SECOND_ANSWER_DELAY) };
}

/** Limits the wait: urgent resends are retried soon, and a token that is extended must be extended before it expires, so its next try is after half of the time left. */
function limitWait({ mode, accessExpiresAt, refreshState, unknownSince }: GrantFacts, now: Date, wait: number): number {
  if (refreshState === 'unknown' && unknownSince !== null)
    return Math.min(wait, mayBeInGrace(mode, now, unknownSince) ? MAX_UNKNOWN_DELAY_IN_GRACE : MAX_UNKNOWN_DELAY);
  const left = (accessExpiresAt?.getTime() ?? Infinity) - now.getTime();
  return mode === 'extend_self' && left > 0 ? Math.min(wait, Math.max(left / 2, seconds(5))) : wait;
}

const mayBeInGrace = (mode: GrantFacts['mode'], now: Date, since: Date): boolean =>
  mode === 'rotating_grace' && now.getTime() - since.getTime() < MAX_GRACE;

/**
 * A refusal while the app's breaker is open concerns the platform, not the grant: it counts as a failure, and the strikes
 * that led to it are dropped.
 */
export function afterRefusalWhileOpen(grant: GrantFacts, { code }: Failure, moment: Now): GrantChange {
  const failed = afterFailure(grant, { class: 'temporary', reason: 'provider_unavailable', code }, moment);
  return { ...failed, ...NO_STRIKES };
}

/** The request may have reached the platform and no answer came: the token is sent once more at once. */
export function afterLostAnswer(grant: GrantFacts, { now, random }: Now): GrantChange {
  const base: GrantChange = {
    refreshState: 'unknown',
    unknownSince: grant.unknownSince ?? now,
    lastClass: 'temporary',
    lastReason: isSpentOnce(grant) ? 'refresh_outcome_unknown' : 'provider_unavailable',
    lastError: 'answer_lost',
    rejectedAt: null,
  };
  const again = grant.refreshState === 'unknown';
  if (grant.endedReason !== null)
    return { ...base, ...(again ? postponeTry(grant, now) : { attempt: grant.attempt, refreshDueAt: now }) };
  const attempt = grant.attempt + 1;
  return {
    ...base,
    attempt,
    refreshDueAt: again ? after(now, limitWait(grant, now, backoff(attempt, undefined, random))) : now,
  };
}

/** The reason of an exchange whose answer the database does not take. */
export const ANSWER_NOT_STORED = 'answer_not_stored';
const NOT_STORED_RETRY_DELAY = hours(1);

/**
 * The journal holds the answer, which the database refuses. Sent again, a spent token would end the answered pair. The process
 * with the journal sends nothing until the answer is stored; another one waits for an hour, and then the resend decides.
 */
export const afterRefusedAnswer = (grant: GrantFacts, now: Date): GrantChange => ({
  ...afterLostAnswer(grant, { now, random: () => 0 }),
  lastError: ANSWER_NOT_STORED,
  refreshDueAt: after(now, NOT_STORED_RETRY_DELAY),
});

/** What else is known at a strike. */
export interface StrikeContext extends Strike {
  /** A token set that may be the same person's waits in an attempt: the grant does not end before its person is identified. */
  waiting?: boolean;
  /** The token that brought the stored pair was sent again after it, which may have ended the pair. */
  superseded?: boolean;
}

/** The grant after a refusal of its own: a strike, and revoked only by the revocation policy. */
export function afterStrike(grant: GrantFacts, failure: Failure, strike: StrikeContext): GrantChange {
  const { now } = strike;
  const base: GrantChange = {
    attempt: grant.attempt + 1,
    lastClass: 'permanent',
    lastReason: suspectedReason(grant, strike),
    lastError: failure.code,
    unknownSince: null,
    ...countStrike(grant, strike),
  };
  if (grant.endedReason !== null) return { ...base, ...nextTry(grant, now) };
  if (isInDoubt(grant, strike)) base.unknownSince = grant.unknownSince;
  const decision = decideRevocation(grant, strike);
  if (!decision.revoked) return { ...base, refreshState: 'confirm', refreshDueAt: decision.nextCheckAt };
  if (strike.waiting) return { ...base, refreshState: 'confirm', refreshDueAt: after(now, IDENTITY_WAIT) };
  return { ...base, unknownSince: null, ...revoked(now, endReasonOf({ ...grant, ...base }, failure, now)) };
}

/** Refusals within 50 s count once; of a repeat only a successful API check counts. Once the token has expired, the last API check stays. */
function countStrike(grant: GrantFacts, { now, apiCheck }: Strike): GrantChange {
  if (isRepeat(grant, now)) return apiCheck === 'accepts' ? { apiCheck } : {};
  const last = hasEnded(grant, now) ? (grant.apiCheck ?? apiCheck) : apiCheck;
  return {
    strikeCount: grant.strikeCount + 1,
    firstStrikeAt: grant.firstStrikeAt ?? now,
    lastStrikeAt: now,
    apiCheck: last,
  };
}

/** A one-time token that is refused right after it came, while the API accepts its access token, was spent by another installation, or by a request of ours. */
function suspectedReason(grant: GrantFacts, strike: StrikeContext): string {
  const { now, apiCheck, superseded } = strike;
  if (!isSpentOnce(grant)) return 'refresh_unconfirmed';
  if (superseded || isInDoubt(grant, strike)) return 'refresh_outcome_unknown';
  const before = grant.lastReason === 'rotated_elsewhere' && apiCheck !== 'refuses';
  const suspected = before || (apiCheck === 'accepts' && isFreshRotation(grant, now));
  return suspected ? 'rotated_elsewhere' : 'refresh_unconfirmed';
}

function isFreshRotation({ lastRefreshedAt, accessExpiresAt }: GrantFacts, now: Date): boolean {
  if (lastRefreshedAt === null) return false;
  const life = (accessExpiresAt?.getTime() ?? Infinity) - lastRefreshedAt.getTime();
  return now.getTime() - lastRefreshedAt.getTime() <= Math.min(MAX_FRESH_AGE, life / 2);
}

/**
 * A person who withdraws the consent ends both tokens. Where the API accepted the access token until it expired, only the
 * refresh token was spent: by another installation with the same app and person.
 */
function endReasonOf(grant: GrantFacts & GrantChange, failure: Failure, now: Date): string {
  if (grant.lastReason === 'refresh_outcome_unknown') return grant.lastReason;
  if (grant.refreshExpiresAt !== null && grant.refreshExpiresAt <= now) return 'grant_expired';
  if (failure.reason !== 'grant_revoked') return failure.reason;
  const elsewhere = isSpentOnce(grant) && (grant.apiCheck === 'accepts' || grant.lastReason === 'rotated_elsewhere');
  return elsewhere ? 'rotated_elsewhere' : failure.reason;
}
