import { days, minutes } from '#config';
import type { RefreshMode } from '#persistence/sql';
import type { Canary } from './revocation-policy.js';

/** The reason of an account whose tokens are refreshed and whose API refuses each new one. */
export const API_REJECTS_TOKEN = 'api_rejects_token';

const TOKENS_TO_DECIDE = 3;
const WINDOW = days(1);
/** A token that is extended can be replaced once a day. */
const WINDOW_OF_EXTENDED_TOKENS = days(3);
/** Without another account that the API accepts, refusals must last longer than an outage usually does. */
const MIN_UNPROVEN_REFUSAL_TIME = minutes(65);
/** A platform may need some time until its API accepts a token that it has issued. */
const MAX_FRESH_AGE = minutes(5);

/** The access token that a probe was sent with, and the refusals of the tokens before it. */
export interface ProbedToken {
  mode: RefreshMode;
  issuedAt: Date;
  /** Null: it has no end. */
  accessExpiresAt: Date | null;
  /** When the API refused tokens of the account, each issued after the refusal before, oldest first. */
  refusedAt: readonly Date[];
}

/** What other accounts show of the API since the first refusal. */
export type ApiCanary = Pick<Canary, 'others' | 'acceptedAt'>;

/** Whether the token is so young that its refusal is inconclusive. An age below zero comes from a clock that was set back. */
export function isJustIssued({ issuedAt, accessExpiresAt }: ProbedToken, now: Date): boolean {
  const age = now.getTime() - issuedAt.getTime();
  const life = (accessExpiresAt?.getTime() ?? Infinity) - issuedAt.getTime();
  return age >= 0 && age < Math.min(MAX_FRESH_AGE, life / 2);
}

/** The refusals of the window, and this one if its token was issued after the last of them. Three of them decide, so those between the first and the last two are left out. */
export function countRefusal({ mode, issuedAt, refusedAt }: ProbedToken, now: Date): Date[] {
  const window = mode === 'extend_self' ? WINDOW_OF_EXTENDED_TOKENS : WINDOW;
  const recent = refusedAt.filter((at) => at <= now && now.getTime() - at.getTime() <= window);
  const last = recent.at(-1);
  if (last && issuedAt <= last) return recent;
  return [...recent.slice(0, 1), ...recent.slice(1).slice(2 - TOKENS_TO_DECIDE), now];
}

/** Whether enough tokens were refused for a decision. Other accounts are checked then, and this one once more. */
export const mayBeRejected = (refusedAt: readonly Date[]): boolean => refusedAt.length >= TOKENS_TO_DECIDE;

/** Whether the API refuses the tokens of this account, rather than those of all accounts. */
export function isRejected(refusedAt: readonly Date[], now: Date, { others, acceptedAt }: ApiCanary): boolean {
  const [first] = refusedAt;
  if (!first || !mayBeRejected(refusedAt)) return false;
  return others
    ? acceptedAt !== null && acceptedAt > first
    : now.getTime() - first.getTime() >= MIN_UNPROVEN_REFUSAL_TIME;
}
