import { days, minutes, seconds } from '#config';
import { after } from './schedule.js';
import { type GrantFacts, hasEnded, isInDoubt } from './grant.js';

/** The result of the API check of the access token when the refresh was refused; `silent`: it was not reached, or the token has expired. The words are stored in `grants.witness`. */
export type ApiCheck = 'accepts' | 'refuses' | 'silent';

/**
 * What the other grants of the same app show of the platform: its refusal of one grant counts only if it accepts another,
 * and only by a request that was sent after one refusal and answered before the next. Where the app has no other grant, the
 * moments are those of grants of the platform at other apps.
 */
export interface Canary {
  /** Whether the app has another grant that is not revoked. */
  others: boolean;
  /** Whether one of them could be refreshed, to see whether the platform accepts it. */
  refreshable: boolean;
  /** When the last refresh of another grant was sent that had ended before the refused one was sent. */
  refreshedAt: Date | null;
  /** When the platform last accepted another grant, by such a refresh or by an API call. */
  acceptedAt: Date | null;
  /** When the refresh of another grant was last refused. */
  refusedAt: Date | null;
}

export interface Strike {
  now: Date;
  apiCheck: ApiCheck;
  canary: Canary;
  /** Since when refusals have kept the app's breaker from closing; null: it is closed. */
  refusedSince?: Date | null;
  /** The platform promises the same answer to the same token for longer than since it was first sent. */
  withinGrace?: boolean;
}

export type RevocationDecision = { revoked: true } | { revoked: false; nextCheckAt: Date };

/** Two refusals within this time count once: a caller may repeat a forced refresh. */
const MIN_STRIKE_INTERVAL = seconds(50);
const RECHECK_DELAY = seconds(60);
/** A grant that was refused by mistake recovers within a quarter of an hour. */
const MAX_RECHECK_DELAY = minutes(10);
const SECOND_STRIKE_AGE = minutes(15);
const MAX_CANARY_AGE = minutes(30);
/** An app without another grant, at a platform of which nothing else is seen: longer than an outage usually lasts. */
const MIN_UNSEEN_REFUSAL_TIME = minutes(65);
/** Where the platform accepts no other grant, its refusals count only after this time: an outage of a day must not look like a revocation. */
const MIN_UNPROVEN_REFUSAL_TIME = days(2);

/** Whether a refusal now counts as the last strike. */
export const isRepeat = ({ lastStrikeAt }: GrantFacts, now: Date): boolean =>
  lastStrikeAt !== null && now.getTime() - lastStrikeAt.getTime() < MIN_STRIKE_INTERVAL;

/** Whether a second refusal by the API would decide. Then the canaries are checked first, so that the final check is on this grant. */
export const mayBeRevoked = (grant: GrantFacts, now: Date): boolean =>
  grant.endedReason === null && !hasEnded(grant, now) && isConfirmed(grant, now, 'refuses');

/** Whether refresh and API have both refused, and now again. */
const isConfirmed = (grant: GrantFacts, now: Date, apiCheck: ApiCheck): boolean =>
  grant.apiCheck === 'refuses' &&
  grant.lastStrikeAt !== null &&
  !isRepeat(grant, now) &&
  (apiCheck === 'refuses' || hasEnded(grant, now));

/**
 * Whether a refusal counts although the app's breaker is not closed: otherwise an app whose people have all left would look
 * like a failing platform without end. Earlier strikes do not count here: they may be of a time in which failures kept the breaker open.
 */
export const trustsRefusals = (grant: GrantFacts, refusedSince: Date | null, now: Date): boolean =>
  refusedWhileOpenFor(grant, { now, refusedSince }) >= MIN_UNPROVEN_REFUSAL_TIME;

/**
 * Whether a refused grant is revoked. One refusal never decides. Either the API refuses the valid access token too and, a
 * minute later, both refuse again while the platform accepts another grant; or, once the access token has expired, refusals
 * last long enough: a quarter of an hour while others are refreshed, 65 minutes where nothing shows that the platform works. An
 * API that accepts the access token is evidence for the grant, unless an earlier request may have spent the refresh token.
 */
export function decideRevocation(grant: GrantFacts, strike: Strike): RevocationDecision {
  return isProvenLost(grant, strike) ? { revoked: true } : decideByBoth(grant, strike);
}

/** By the token endpoint and the API, while it can be reached. */
function decideByBoth(grant: GrantFacts, strike: Strike): RevocationDecision {
  const { now, apiCheck } = strike;
  if (!hasEnded(grant, now) && apiCheck === 'accepts')
    return { revoked: false, nextCheckAt: after(now, MAX_RECHECK_DELAY) };
  const confirmed = isConfirmed(grant, now, apiCheck);
  if (confirmed && isTrusted(grant, strike)) return { revoked: true };
  return hasEnded(grant, now) && !confirmed
    ? decideByTime(grant, strike)
    : { revoked: false, nextCheckAt: nextCheckAfterDoubt(grant, now, apiCheck) };
}

/** Whether refusals by both concern this grant alone, by all that is seen of the platform. */
function isTrusted(grant: GrantFacts, strike: Strike): boolean {
  const { others, refusedAt } = strike.canary;
  return isCanaryAccepted(grant, strike) || missingTime(grant, strike, others || isSince(grant, refusedAt)) <= 0;
}

/** For how much longer the platform must refuse the grant while it accepts no other. `couldShow`: another one was tried, or can be. */
const missingTime = (grant: GrantFacts, strike: Strike, couldShow: boolean): number =>
  (couldShow ? MIN_UNPROVEN_REFUSAL_TIME : MIN_UNSEEN_REFUSAL_TIME) - refusedFor(grant, strike);

/**
 * Whether the successor of a one-time token is lost: a lost answer leaves the access token valid, so that only the token endpoint
 * can show it, which refuses this grant for a quarter of an hour while it refreshes others. Waiting for the end of the access
 * token would not restore the grant.
 */
function isProvenLost(grant: GrantFacts, strike: Strike): boolean {
  const { now, canary } = strike;
  const isPlatformWell = isSince(grant, canary.refreshedAt) && isRecent(canary.refreshedAt, now);
  return isInDoubt(grant, strike) && isPlatformWell && sinceFirst(grant, now) >= SECOND_STRIKE_AGE;
}

/**
 * Whether another grant is to be refreshed early, to see whether the platform accepts it: the access token has expired or does
 * not matter, so that no API check decides, and no other grant was tried lately.
 */
export function needsCanary(grant: GrantFacts, strike: Strike): boolean {
  const { now, canary } = strike;
  if (!canary.refreshable || grant.strikeCount === 0 || grant.endedReason !== null) return false;
  const tried = [canary.refreshedAt, canary.refusedAt].some(
    (moment) => isSince(grant, moment) && isRecent(moment, now),
  );
  return (hasEnded(grant, now) || isInDoubt(grant, strike)) && !isRepeat(grant, now) && !tried;
}

/** Whether the platform accepted another grant after the first strike. An API call proves nothing about a token endpoint. */
function isCanaryAccepted(grant: GrantFacts, { now, canary }: Strike): boolean {
  return isSince(grant, hasEnded(grant, now) ? canary.refreshedAt : canary.acceptedAt);
}

/** A minute after the first strike, then at growing intervals: the access token may be valid for months. */
function nextCheckAfterDoubt(grant: GrantFacts, now: Date, apiCheck: ApiCheck): Date {
  if (grant.lastStrikeAt !== null && isRepeat(grant, now)) return after(grant.lastStrikeAt, RECHECK_DELAY);
  const grows = apiCheck === 'silent' || isConfirmed(grant, now, apiCheck);
  const wait = grows ? RECHECK_DELAY * 2 ** Math.min(grant.strikeCount, 10) : RECHECK_DELAY;
  return after(now, Math.min(wait, MAX_RECHECK_DELAY));
}

function decideByTime(grant: GrantFacts, strike: Strike): RevocationDecision {
  const { strikesBefore, missing } = requiredEvidence(grant, strike);
  if (missing <= 0 && grant.strikeCount >= strikesBefore) return { revoked: true };
  return {
    revoked: false,
    nextCheckAt: after(strike.now, missing <= 0 ? MAX_RECHECK_DELAY : Math.min(missing, MAX_RECHECK_DELAY)),
  };
}

/** How many earlier strikes and how much more time the decision needs, by what the other grants show. */
function requiredEvidence(grant: GrantFacts, strike: Strike): { strikesBefore: number; missing: number } {
  const { now, canary } = strike;
  const passed = sinceFirst(grant, now);
  if (isSince(grant, canary.refreshedAt) && isRecent(canary.refreshedAt, now))
    return { strikesBefore: 1, missing: SECOND_STRIKE_AGE - passed };
  const couldShow = canary.refreshable || isSince(grant, canary.refusedAt);
  return { strikesBefore: 2, missing: missingTime(grant, strike, couldShow) };
}

const isSince = ({ firstStrikeAt }: GrantFacts, moment: Date | null): boolean =>
  moment !== null && firstStrikeAt !== null && moment > firstStrikeAt;

const isRecent = (moment: Date | null, now: Date): boolean =>
  moment !== null && now.getTime() - moment.getTime() <= MAX_CANARY_AGE;

const sinceFirst = ({ firstStrikeAt }: GrantFacts, now: Date): number =>
  firstStrikeAt === null ? 0 : now.getTime() - firstStrikeAt.getTime();

/** How long the platform has refused this grant; time under an open breaker counts, although few grants were tried and no strikes counted then. */
const refusedFor = (grant: GrantFacts, strike: Pick<Strike, 'now' | 'refusedSince'>): number =>
  Math.max(sinceFirst(grant, strike.now), refusedWhileOpenFor(grant, strike));

/** How long refusals have kept the app's breaker from closing while the grant got no tokens. */
const refusedWhileOpenFor = (
  { issuedAt }: GrantFacts,
  { now, refusedSince }: Pick<Strike, 'now' | 'refusedSince'>,
): number => (refusedSince ? now.getTime() - Math.max(refusedSince.getTime(), issuedAt.getTime()) : 0);
