import type { Options } from 'p-retry';
import { seconds } from '#config';
import type { Logger } from '#observability';

/** Tokens that a platform gave are stored for as long as the process lives: they exist nowhere else. */
export const untilStored = (logger: Logger, what: object): Options => ({
  retries: Infinity,
  minTimeout: 250,
  maxTimeout: seconds(1),
  onFailedAttempt: ({ error, attemptNumber }) => {
    if (attemptNumber % 10 === 1) logger.error({ err: error, ...what }, 'tokens wait for the database');
  },
});
