import { days, hours, minutes, seconds } from '#config';
import { after } from './due.js';
import type { GrantFacts } from './grant.js';

/** What the platform's API said of the access token when the refresh was refused. `silent`: it could not be asked. */
export type Witness = 'accepts' | 'refuses' | 'silent';

/** What the other living grants of the same app tell of the platform: that it refuses one is news only if it takes another. */
export interface Canary {
  /** Whether there is another living grant. */
  others: boolean;
  /** When the token endpoint last gave tokens for another one. */
  refreshedAt: Date | null;
  /** When the platform last took anything of another one, to a refresh or to an API call. */
  acceptedAt: Date | null;
  /** When the refresh of another one was last refused. */
  refusedAt: Date | null;
}

export interface Strike {
  now: Date;
  witness: Witness;
  canary: Canary;
}

export type Verdict = { dead: true } | { dead: false; askAgainAt: Date };

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

export const hasEnded = ({ accessExpiresAt }: GrantFacts, now: Date): boolean => accessExpiresAt !== null && accessExpiresAt <= now;

/**
 * Whether the refresh and the API have both refused, and now again: only then is it asked whether the platform takes
 * another grant, and does the answer decide.
 */
export const isConfirmed = (grant: GrantFacts, now: Date, witness: Witness): boolean =>
  grant.witness === 'refuses' && grant.lastStrikeAt !== null && !isRepeat(grant, now) && (witness === 'refuses' || hasEnded(grant, now));

/**
 * Whether a refused grant is dead. One refusal never decides: either the API refuses the still living access token too and,
 * a minute later, both say so again while the platform takes another grant of the app; or, where the access token has
 * ended, refusals go on for long enough: a quarter of an hour while others are refreshed, an hour where no other was tried.
 */
export function judge(grant: GrantFacts, strike: Strike): Verdict {
  const { now, witness, canary } = strike;
  if (!hasEnded(grant, now) && witness === 'accepts') return { dead: false, askAgainAt: after(now, ASK_AT_LEAST) };
  if (isConfirmed(grant, now, witness) && (isVouched(grant, canary) || sinceFirst(grant, now) >= NOBODY)) return { dead: true };
  return hasEnded(grant, now) ? byTime(grant, strike) : { dead: false, askAgainAt: askAgainAt(grant, now, witness) };
}

/** After the first strike the platform took another grant, or there is none that could be asked. */
const isVouched = ({ firstStrikeAt }: GrantFacts, { others, acceptedAt }: Canary): boolean =>
  !others || (acceptedAt !== null && firstStrikeAt !== null && acceptedAt > firstStrikeAt);

/** A minute after the first strike, then ever later: the access token may live for months. */
function askAgainAt(grant: GrantFacts, now: Date, witness: Witness): Date {
  if (grant.lastStrikeAt !== null && isRepeat(grant, now)) return after(grant.lastStrikeAt, ASK_AGAIN);
  const grows = witness === 'silent' || isConfirmed(grant, now, witness);
  const wait = grows ? ASK_AGAIN * 2 ** Math.min(grant.strikeCount, 10) : ASK_AGAIN;
  return after(now, Math.min(wait, ASK_AT_LEAST));
}

function byTime(grant: GrantFacts, { now, canary }: Strike): Verdict {
  const passed = sinceFirst(grant, now);
  const wanted = wantedOf(grant, now, canary);
  if (passed >= wanted.time && grant.strikeCount >= wanted.strikesBefore) return { dead: true };
  const missing = wanted.time - passed;
  return { dead: false, askAgainAt: after(now, missing <= 0 ? ASK_AT_LEAST : Math.min(missing, ASK_AT_LEAST)) };
}

/** How many strikes before this one, and over what time: as others fare. */
function wantedOf({ firstStrikeAt }: GrantFacts, now: Date, { refreshedAt, refusedAt }: Canary): { strikesBefore: number; time: number } {
  const since = (moment: Date | null): boolean => moment !== null && firstStrikeAt !== null && moment > firstStrikeAt;
  const fresh = refreshedAt !== null && now.getTime() - refreshedAt.getTime() <= CANARY_FRESH;
  if (fresh && since(refreshedAt)) return { strikesBefore: 1, time: SECOND_STRIKE };
  return { strikesBefore: 2, time: since(refusedAt) && !since(refreshedAt) ? NOBODY : THIRD_STRIKE };
}

const sinceFirst = ({ firstStrikeAt }: GrantFacts, now: Date): number =>
  firstStrikeAt === null ? 0 : now.getTime() - firstStrikeAt.getTime();
