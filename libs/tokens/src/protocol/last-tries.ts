import { days, hours } from '#config';
import { after } from './schedule.js';
import type { GrantChange, GrantFacts } from './grant.js';

/** A revoked grant is tried once more after each of these; new tokens make it active again. */
const LAST_TRY_DELAYS = [hours(1), days(1)];
const POSTPONED_BY = hours(1);

/** A grant that is decided to be revoked. From now on `attempt` counts the refused last tries. */
export function revoked(now: Date, endedReason: string): GrantChange {
  return { refreshState: 'confirm', refreshDueAt: after(now, LAST_TRY_DELAYS[0] ?? 0), attempt: 0, endedReason };
}

/** A revoked grant that was refused again: its next try, if one is left. A forced refresh before the scheduled time uses up none. */
export function nextTry({ attempt, refreshDueAt }: GrantFacts, now: Date): GrantChange {
  if (refreshDueAt !== null && now < refreshDueAt) return { refreshState: 'confirm', refreshDueAt, attempt };
  const wait = LAST_TRY_DELAYS[attempt + 1];
  if (wait === undefined) return { refreshState: 'ended', refreshDueAt: null };
  return { refreshState: 'confirm', refreshDueAt: after(now, wait), attempt: attempt + 1 };
}

/** A revoked grant whose try was not answered: the try is repeated later. */
export function postponeTry({ attempt, refreshDueAt }: GrantFacts, now: Date): GrantChange {
  const later = after(now, POSTPONED_BY);
  return { attempt, refreshDueAt: refreshDueAt !== null && refreshDueAt > later ? refreshDueAt : later };
}
