import { setTimeout as sleep } from 'node:timers/promises';
import { type Duration } from '#config';

/** The work's result, or `late()` thrown once `within` milliseconds are over; the work itself cannot be called back. */
export async function withDeadline<Result>(
  work: Promise<Result>,
  within: Duration,
  late: () => Error,
): Promise<Result> {
  const timer = new AbortController();
  const expired = sleep(within, undefined, { signal: timer.signal }).then((): never => {
    throw late();
  });
  work.catch(() => undefined);
  expired.catch(() => undefined);
  try {
    return await Promise.race([work, expired]);
  } finally {
    timer.abort();
  }
}
