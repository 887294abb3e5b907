import type { AttemptError, AttemptRow } from '#persistence';
import type { Failure } from '#providers';
import type { ExchangedAttempt } from '#tokens';

/** How often and for how long the owner of an attempt's token set was requested. */
export interface IdentityChecks {
  /** Before this one, in the present status of the attempt. */
  checks: number;
  /** The token set is so new that parts of the platform may not accept it yet. */
  isFresh: boolean;
  /** The token set has waited for its person longer than allowed. */
  isOverdue: boolean;
  /** The platform has identified the person before: the attempt waits for the caller until it expires. */
  isIdentified: boolean;
}

/** An attempt that holds a token set. */
export interface OpenAttempt extends AttemptRow, ExchangedAttempt, IdentityChecks {
  exchangedAt: Date;
  /** The profile that a reauthorization is for; null: none, or its account was disconnected meanwhile. */
  reauthProfile: string | null;
  /** The platform's id of the only person who may reauthorize, at an app with completion "confirm"; null: any. */
  reauthPerson: string | null;
}

/** What follows a check that identified no person. `error`: what the attempt fails with, now or after the last check. */
export type AfterCheck =
  { again: false; error: AttemptError } | { again: true; error: AttemptError; waitSeconds: number };

/** Seconds between checks while the browser waits. */
const BROWSER_PAUSES: readonly number[] = [2, 5, 10];
const CHECKS_BEFORE_REFUSAL = 1;
/** Seconds between checks of the sweep, doubling. */
const FIRST_PAUSE = 30;
const MAX_PAUSE = 10 * 60;

const ERRORS: Record<Failure['class'], AttemptError> = {
  temporary: 'provider_unavailable',
  app: 'app_misconfigured',
  permanent: 'exchange_failed',
  owner: 'exchange_failed',
  permission: 'missing_permissions',
};

/** One refusal decides nothing, unless it concerns the app. */
export function afterCheck(attempt: IdentityChecks, failure: Pick<Failure, 'class' | 'retryAfter'>): AfterCheck {
  const error = ERRORS[failure.class];
  if (attempt.isOverdue || isFinal(attempt, failure)) return { again: false, error };
  return { again: true, error, waitSeconds: Math.max(pauseAfter(attempt.checks), failure.retryAfter ?? 0) };
}

function isFinal({ checks, isFresh, isIdentified }: IdentityChecks, failure: Pick<Failure, 'class'>): boolean {
  if (failure.class === 'temporary') return false;
  if (failure.class === 'permanent' && !isIdentified) return !isFresh && checks >= BROWSER_PAUSES.length;
  return failure.class === 'app' || checks >= CHECKS_BEFORE_REFUSAL;
}

const pauseAfter = (checks: number): number =>
  BROWSER_PAUSES[checks] ?? Math.min(MAX_PAUSE, FIRST_PAUSE * 2 ** (checks - BROWSER_PAUSES.length));

/** Whether the browser waits for the next check. It does not where the platform requests a longer pause. */
export const fitsBrowser = (checks: number, waitSeconds: number): boolean =>
  checks < BROWSER_PAUSES.length && waitSeconds <= Math.max(...BROWSER_PAUSES);

/** Seconds until the sweep may check: not before the process that serves the browser had its time. */
export const sweepWait = (waitSeconds: number): number => Math.max(waitSeconds, FIRST_PAUSE);
