import type { AttemptError } from '#persistence';
import type { Failure } from '#providers';

/** How often and for how long the platform has been asked whose the token set of an attempt is. */
export interface Looks {
  /** Before this one. */
  looks: number;
  /** The token set came so short a time ago that the platform may not know its own token everywhere. */
  isFresh: boolean;
  /** The token set has waited for as long as any may. */
  isOverdue: boolean;
}

/** `error`: what the attempt fails with, now or if nothing better is heard. Seconds. */
export type AfterLook = { again: false; error: AttemptError } | { again: true; error: AttemptError; wait: number };

/** While the browser waits. */
const PACE: readonly number[] = [2, 5, 10];
const SECOND_LOOK = 1;
const FIRST_PAUSE = 30;
const LONGEST_PAUSE = 10 * 60;

const ERRORS: Record<Failure['class'], AttemptError> = {
  temporary: 'provider_unavailable',
  app: 'app_misconfigured',
  permanent: 'exchange_failed',
  owner: 'exchange_failed',
  permission: 'missing_permissions',
};

/** What an answer that names no person means. One refusal decides nothing, unless it is about the app. */
export function afterLook(attempt: Looks, failure: Pick<Failure, 'class' | 'retryAfter'>): AfterLook {
  const error = ERRORS[failure.class];
  if (attempt.isOverdue || isFinal(attempt, failure)) return { again: false, error };
  return { again: true, error, wait: Math.max(pause(attempt.looks), failure.retryAfter ?? 0) };
}

function isFinal({ looks, isFresh }: Looks, failure: Pick<Failure, 'class'>): boolean {
  if (failure.class === 'temporary') return false;
  if (failure.class === 'permanent') return !isFresh && looks >= PACE.length;
  return failure.class === 'app' || looks >= SECOND_LOOK;
}

const pause = (looks: number): number =>
  PACE[looks] ?? Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (looks - PACE.length));

/** Whether the browser waits for the next look; where the platform asks for more time than that, it does not. */
export const isSoon = (looks: number, wait: number): boolean => looks < PACE.length && wait <= Math.max(...PACE);

/** Seconds until the sweep may look: not before the process that serves the browser had its time. */
export const pauseOfSweep = (wait: number): number => Math.max(wait, FIRST_PAUSE);
