import pRetry from 'p-retry';
import { seconds } from '#config';
import { SealBroken } from '#crypto';
import type { Logger } from '#observability';

/** What a platform said is stored for as long as the process lives: at worst it exists nowhere else. */
export function untilStored<Result>(logger: Logger, what: object, store: () => Promise<Result>): Promise<Result> {
  return pRetry(store, {
    retries: Infinity,
    minTimeout: 250,
    maxTimeout: seconds(1),
    // Waiting opens nothing: the journal keeps what was said.
    shouldRetry: ({ error }) => !(error instanceof SealBroken),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (attemptNumber % 10 === 1) logger.error({ err: error, ...what }, 'an answer waits for the database');
    },
  });
}
