/** Durations are milliseconds, written with their unit: `minutes(10)`. */
export type Duration = number;

export const seconds = (count: number): Duration => count * 1_000;
export const minutes = (count: number): Duration => seconds(count * 60);
export const hours = (count: number): Duration => minutes(count * 60);
export const days = (count: number): Duration => hours(count * 24);

/**
 * Measures from now on, by the monotonic clock or by the wall clock, whichever shows more: the former stands still while a
 * virtual machine is suspended.
 */
export function startStopwatch(): () => Duration {
  const [monotonic, wall] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - monotonic, Date.now() - wall);
}
