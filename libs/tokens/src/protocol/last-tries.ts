import { days, hours } from '#config';
import { after } from './schedule.js';
import type { GrantChange, GrantFacts } from './grant.js';

/** The dead are tried once more after each of these; an ok revives them. */
const LAST_TRIES = [hours(1), days(1)];
const PUT_OFF = hours(1);

/** A grant at its death. From now on `attempt` counts the last tries that were refused. */
export function death(now: Date, endedReason: string): GrantChange {
  return { refreshState: 'confirm', refreshDueAt: after(now, LAST_TRIES[0] ?? 0), attempt: 0, endedReason };
}

/** A dead grant that was refused again: the next try, or none any more. One that was made by hand before its time uses up none. */
export function nextTry({ attempt, refreshDueAt }: GrantFacts, now: Date): GrantChange {
  if (refreshDueAt !== null && now < refreshDueAt) return { refreshState: 'confirm', refreshDueAt, attempt };
  const wait = LAST_TRIES[attempt + 1];
  if (wait === undefined) return { refreshState: 'ended', refreshDueAt: null };
  return { refreshState: 'confirm', refreshDueAt: after(now, wait), attempt: attempt + 1 };
}

/** A dead grant whose try was not answered: that was none, it is made later. */
export function putOff({ attempt, refreshDueAt }: GrantFacts, now: Date): GrantChange {
  const later = after(now, PUT_OFF);
  return { attempt, refreshDueAt: refreshDueAt !== null && refreshDueAt > later ? refreshDueAt : later };
}
