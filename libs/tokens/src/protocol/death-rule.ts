import { hours, minutes, seconds } from '#config';
import { after } from './due.js';
import type { GrantFacts } from './grant.js';

/** What the platform's API said of the access token when the refresh was refused. `silent`: it could not be asked. */
export type Witness = 'accepts' | 'refuses' | 'silent';

export interface Strike {
  now: Date;
  witness: Witness;
  /** When another grant of the same app last got an ok; null: there is none. */
  canaryOkAt: Date | null;
}

export type Verdict = { dead: true } | { dead: false; askAgainAt: Date };

/** Two strikes nearer than this are one: a person who presses a button twice proves nothing. */
const APART = seconds(50);
const ASK_AGAIN = seconds(60);
const SECOND_STRIKE = minutes(15);
const THIRD_STRIKE = hours(1);
const CANARY_FRESH = minutes(30);

/** Whether a refusal now is the last strike over again. */
export const isRepeat = ({ lastStrikeAt }: GrantFacts, now: Date): boolean =>
  lastStrikeAt !== null && now.getTime() - lastStrikeAt.getTime() < APART;

/**
 * Whether a refused grant is dead. One refusal never decides: either the API refuses the still living access token too and,
 * a minute later, both say so again, or, where the access token has ended, refusals go on for long enough: a quarter of an
 * hour while the app is known to work for others, else an hour.
 */
export function judge(grant: GrantFacts, { now, witness, canaryOkAt }: Strike): Verdict {
  const alive = grant.accessExpiresAt === null || grant.accessExpiresAt > now;
  if (alive && witness === 'accepts') return { dead: false, askAgainAt: after(now, SECOND_STRIKE) };
  if (refusedBefore(grant, now) && (witness === 'refuses' || !alive)) return { dead: true };
  return alive ? { dead: false, askAgainAt: askAgainAt(grant, now, witness) } : byTime(grant, now, canaryOkAt);
}

/** The witness refused at an earlier strike, while the access token should still have been good. */
const refusedBefore = (grant: GrantFacts, now: Date): boolean =>
  grant.witness === 'refuses' && grant.lastStrikeAt !== null && !isRepeat(grant, now);

/** A minute after the strike; ever later where the API stays silent, for the access token may live for months. */
function askAgainAt(grant: GrantFacts, now: Date, witness: Witness): Date {
  if (grant.lastStrikeAt !== null && isRepeat(grant, now)) return after(grant.lastStrikeAt, ASK_AGAIN);
  const wait = witness === 'silent' ? ASK_AGAIN * 2 ** Math.min(grant.strikeCount, 10) : ASK_AGAIN;
  return after(now, Math.min(wait, SECOND_STRIKE));
}

function byTime({ firstStrikeAt, strikeCount }: GrantFacts, now: Date, canaryOkAt: Date | null): Verdict {
  const sinceFirst = firstStrikeAt === null ? 0 : now.getTime() - firstStrikeAt.getTime();
  const canary = canaryOkAt !== null && now.getTime() - canaryOkAt.getTime() <= CANARY_FRESH;
  const wanted = canary ? { strikesBefore: 1, time: SECOND_STRIKE } : { strikesBefore: 2, time: THIRD_STRIKE };
  if (sinceFirst >= wanted.time && strikeCount >= wanted.strikesBefore) return { dead: true };
  const missing = wanted.time - sinceFirst;
  return { dead: false, askAgainAt: after(now, sinceFirst === 0 || missing <= 0 ? SECOND_STRIKE : missing) };
}
