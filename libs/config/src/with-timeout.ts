import { setTimeout as sleep } from 'node:timers/promises';
import type { Duration } from './durations.js';

/**
 * The result of the work, or that of `onTimeout`, which may throw, once the time is over. The work is not cancelled, and its
 * later rejection is ignored.
 */
export async function withTimeout<Result>(
  work: Promise<Result>,
  milliseconds: Duration,
  onTimeout: () => Result,
): Promise<Result> {
  const timer = new AbortController();
  const expired = sleep(milliseconds, undefined, { signal: timer.signal }).then(onTimeout);
  work.catch(() => undefined);
  expired.catch(() => undefined);
  try {
    return await Promise.race([work, expired]);
  } finally {
    timer.abort();
  }
}
