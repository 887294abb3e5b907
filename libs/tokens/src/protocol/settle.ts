import { days, hours, minutes } from '#config';
import type { Failure, TokenSet } from '#providers';
import { judge, type Strike } from './death-rule.js';
import { after, backoff, endOfLife, type Random, refreshDue } from './due.js';
import type { GrantChange, GrantFacts } from './grant.js';

export interface Now {
  now: Date;
  random: Random;
}

/** An app that is refused is asked again at this pace: its owner has to act, and no account is hurt meanwhile. */
const APP_PAUSE = minutes(5);
const OWNER_PAUSE = hours(1);
/** The dead are tried once more after each of these; an ok revives them. */
const LAST_TRIES = [hours(1), days(1)];

/** The grant after an ok: times from what the platform said, everything held against it forgotten. */
export function afterTokens(grant: GrantFacts, tokens: TokenSet, defaultLife: number | null, { now, random }: Now): GrantChange {
  const accessExpiresAt = endOfLife(now, tokens.expiresIn ?? defaultLife);
  return {
    accessExpiresAt,
    refreshExpiresAt: tokens.refreshExpiresIn === null ? grant.refreshExpiresAt : endOfLife(now, tokens.refreshExpiresIn),
    issuedAt: now,
    lastRefreshedAt: now,
    scopes: tokens.scopes ?? grant.scopes,
    refreshDueAt: refreshDue(grant.mode, now, accessExpiresAt, random),
    ...UNBLEMISHED,
  };
}

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
  const attempt = grant.attempt + 1;
  const pause = { app: APP_PAUSE, owner: OWNER_PAUSE }[failure.class as string] ?? 0;
  const wait = Math.max(pause, backoff(attempt, failure.retryAfter, random));
  return {
    refreshState: grant.unknownSince === null ? 'backoff' : 'unknown',
    attempt,
    refreshDueAt: after(now, wait),
    lastClass: failure.class,
    lastReason: failure.reason,
    lastError: failure.code,
  };
}

/** The request may have reached the platform and no answer came: resend at once (`refresh.md` 2.5). */
export function afterLostAnswer(grant: GrantFacts, { now, random }: Now): GrantChange {
  const again = grant.unknownSince !== null;
  return {
    refreshState: 'unknown',
    unknownSince: grant.unknownSince ?? now,
    attempt: grant.attempt + 1,
    refreshDueAt: again ? after(now, backoff(grant.attempt + 1, undefined, random)) : now,
    lastClass: 'temporary',
    lastReason: 'refresh_outcome_unknown',
    lastError: 'answer_lost',
  };
}

/** The grant after the platform said it is gone: a strike, and death only by the rule. */
export function afterStrike(grant: GrantFacts, failure: Failure, strike: Strike): GrantChange {
  const { now, witness } = strike;
  const base = {
    attempt: grant.attempt + 1,
    lastClass: 'permanent',
    lastReason: 'refresh_unconfirmed',
    lastError: failure.code,
    strikeCount: grant.strikeCount + 1,
    firstStrikeAt: grant.firstStrikeAt ?? now,
    lastStrikeAt: now,
    witness,
  };
  if (grant.endedReason !== null) return { ...base, ...laterTries(grant, now) };
  if (grant.unknownSince !== null) return { ...base, ...death(now, 'refresh_outcome_unknown') };
  const verdict = judge(grant, strike);
  if (verdict.dead) return { ...base, ...death(now, reasonOfDeath(grant, failure, now)) };
  return { ...base, refreshState: 'confirm', refreshDueAt: verdict.askAgainAt };
}

function death(now: Date, endedReason: string): GrantChange {
  return { refreshState: 'confirm', refreshDueAt: after(now, LAST_TRIES[0] ?? 0), attempt: 0, unknownSince: null, endedReason };
}

/** `attempt` counts the tries since death. */
function laterTries(grant: GrantFacts, now: Date): GrantChange {
  const wait = LAST_TRIES[grant.attempt + 1];
  if (wait === undefined) return { refreshState: 'ended', refreshDueAt: null };
  return { refreshState: 'confirm', refreshDueAt: after(now, wait) };
}

function reasonOfDeath(grant: GrantFacts, failure: Failure, now: Date): string {
  return grant.refreshExpiresAt !== null && grant.refreshExpiresAt <= now ? 'grant_expired' : failure.reason;
}
