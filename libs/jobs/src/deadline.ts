import { setTimeout as sleep } from 'node:timers/promises';
import { type Duration } from '#config';

/** Returns the result of the work, or throws `late()` after `within` milliseconds. It does not cancel the work. */
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
