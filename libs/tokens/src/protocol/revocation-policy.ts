import { days, hours, minutes, seconds } from '#config';
import { after } from './schedule.js';
import { type GrantFacts, hasEnded } from './grant.js';

/** What the platform's API said of the access token when the refresh was refused. `silent`: it could not be asked. */
export type ApiCheck = 'accepts' | 'refuses' | 'silent';

/**
 * What the other living grants of the same app tell of the platform: that it refuses one is news only if it takes another,
 * and it has shown so only by what it was asked after one refusal and answered before the next.
 */
export interface Canary {
  /** Whether there is another living grant. */
  others: boolean;
  /** Whether one of them could be refreshed, to see whether the platform takes it. */
  refreshable: boolean;
  /** When the last refresh of another one was sent that had its tokens before this refusal was asked for. */
  refreshedAt: Date | null;
  /** When the platform last took anything of another one, to such a refresh or to an API call. */
  acceptedAt: Date | null;
  /** When the refresh of another one was last refused. */
  refusedAt: Date | null;
}

export interface Strike {
  now: Date;
  apiCheck: ApiCheck;
  canary: Canary;
  /** Since when refusals have kept the app's breaker from closing; null: it is closed. */
  refusedSince?: Date | null;
}

export type RevocationDecision = { dead: true } | { dead: false; askAgainAt: Date };

/** Two strikes nearer than this are one: a person who presses a button twice proves nothing. */
const APART = seconds(50);
const ASK_AGAIN = seconds(60);
/** No doubt is left alone for longer: who was refused by mistake is well within a quarter of an hour after it. */
const ASK_AT_LEAST = minutes(10);
const SECOND_STRIKE = minutes(15);
const THIRD_STRIKE = hours(1);
const CANARY_FRESH = minutes(30);
/** A platform that takes nobody of an app for so long is believed: no outage of a day may look like a revocation. */
const NOBODY = days(2);

/** Whether a refusal now is the last strike over again. */
export const isRepeat = ({ lastStrikeAt }: GrantFacts, now: Date): boolean =>
  lastStrikeAt !== null && now.getTime() - lastStrikeAt.getTime() < APART;

/** Whether a second refusal by the API would decide, if it takes another grant: that is asked first, so that its last word is of this one. */
export const mayBeRevoked = (grant: GrantFacts, now: Date): boolean =>
  grant.endedReason === null && !hasEnded(grant, now) && isConfirmed(grant, now, 'refuses');

/** Whether the refresh and the API have both refused, and now again. */
const isConfirmed = (grant: GrantFacts, now: Date, apiCheck: ApiCheck): boolean =>
  grant.apiCheck === 'refuses' &&
  grant.lastStrikeAt !== null &&
  !isRepeat(grant, now) &&
  (apiCheck === 'refuses' || hasEnded(grant, now));

/**
 * Whether a refusal is believed although the app's breaker is not closed: an app whose people have all gone is else never told
 * from one that is unwell. Strikes of before do not help: where failures have kept it from closing, nobody refused meanwhile.
 */
export const trustsRefusals = (grant: GrantFacts, refusedSince: Date | null, now: Date): boolean =>
  shutFor(grant, { now, refusedSince }) >= NOBODY;

/**
 * Whether a refused grant is dead. One refusal never decides: either the API refuses the still living access token too and,
 * a minute later, both say so again while the platform takes another grant of the app; or, where the access token has
 * ended, refusals go on for long enough: a quarter of an hour while others are refreshed, an hour where there is no other.
 */
export function judge(grant: GrantFacts, strike: Strike): RevocationDecision {
  const { now, apiCheck } = strike;
  if (!hasEnded(grant, now) && apiCheck === 'accepts') return { dead: false, askAgainAt: after(now, ASK_AT_LEAST) };
  const confirmed = isConfirmed(grant, now, apiCheck);
  if (confirmed && (isCanaryAccepted(grant, strike) || refusedFor(grant, strike) >= NOBODY)) return { dead: true };
  return hasEnded(grant, now) && !confirmed
    ? byTime(grant, strike)
    : { dead: false, askAgainAt: askAgainAt(grant, now, apiCheck) };
}

/**
 * Whether another grant is to be refreshed before its time, to see whether the platform takes it: the token has ended, so that
 * no API can say, and nobody was tried lately.
 */
export function needsCanary(grant: GrantFacts, { now, canary }: Strike): boolean {
  if (!canary.refreshable || grant.strikeCount === 0 || grant.endedReason !== null) return false;
  const tried = [canary.refreshedAt, canary.refusedAt].some(
    (moment) => isSince(grant, moment) && isRecent(moment, now),
  );
  return hasEnded(grant, now) && !isRepeat(grant, now) && !tried;
}

/** After the first strike the platform took another grant, or there is none that could be asked. An API says nothing of a token endpoint. */
function isCanaryAccepted(grant: GrantFacts, { now, canary }: Strike): boolean {
  return !canary.others || isSince(grant, hasEnded(grant, now) ? canary.refreshedAt : canary.acceptedAt);
}

/** A minute after the first strike, then ever later: the access token may live for months. */
function askAgainAt(grant: GrantFacts, now: Date, apiCheck: ApiCheck): Date {
  if (grant.lastStrikeAt !== null && isRepeat(grant, now)) return after(grant.lastStrikeAt, ASK_AGAIN);
  const grows = apiCheck === 'silent' || isConfirmed(grant, now, apiCheck);
  const wait = grows ? ASK_AGAIN * 2 ** Math.min(grant.strikeCount, 10) : ASK_AGAIN;
  return after(now, Math.min(wait, ASK_AT_LEAST));
}

function byTime(grant: GrantFacts, strike: Strike): RevocationDecision {
  const { strikesBefore, missing } = wantedOf(grant, strike);
  if (missing <= 0 && grant.strikeCount >= strikesBefore) return { dead: true };
  return { dead: false, askAgainAt: after(strike.now, missing <= 0 ? ASK_AT_LEAST : Math.min(missing, ASK_AT_LEAST)) };
}

/** How many strikes before this one, and how much more time: as others fare. */
function wantedOf(grant: GrantFacts, strike: Strike): { strikesBefore: number; missing: number } {
  const { now, canary } = strike;
  const passed = sinceFirst(grant, now);
  if (isSince(grant, canary.refreshedAt) && isRecent(canary.refreshedAt, now))
    return { strikesBefore: 1, missing: SECOND_STRIKE - passed };
  const couldShow = canary.refreshable || isSince(grant, canary.refusedAt);
  return { strikesBefore: 2, missing: couldShow ? NOBODY - refusedFor(grant, strike) : THIRD_STRIKE - passed };
}

const isSince = ({ firstStrikeAt }: GrantFacts, moment: Date | null): boolean =>
  moment !== null && firstStrikeAt !== null && moment > firstStrikeAt;

const isRecent = (moment: Date | null, now: Date): boolean =>
  moment !== null && now.getTime() - moment.getTime() <= CANARY_FRESH;

const sinceFirst = ({ firstStrikeAt }: GrantFacts, now: Date): number =>
  firstStrikeAt === null ? 0 : now.getTime() - firstStrikeAt.getTime();

/** How long the platform has refused this grant, or as good as: while its app's breaker was shut few were asked, and their strikes not counted. */
const refusedFor = (grant: GrantFacts, strike: Pick<Strike, 'now' | 'refusedSince'>): number =>
  Math.max(sinceFirst(grant, strike.now), shutFor(grant, strike));

/** How long refusals have kept the app's breaker from closing, and the grant got no tokens. */
const shutFor = ({ issuedAt }: GrantFacts, { now, refusedSince }: Pick<Strike, 'now' | 'refusedSince'>): number =>
  refusedSince ? now.getTime() - Math.max(refusedSince.getTime(), issuedAt.getTime()) : 0;
