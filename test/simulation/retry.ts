import { type Database, DatabaseGone } from './database.js';
import type { Steps } from './steps.js';

export function attempt<Result>(db: Database, work: () => Result): Result | undefined {
  try {
    return db.transaction(work);
  } catch (error) {
    if (error instanceof DatabaseGone) return undefined;
    throw error;
  }
}

/** As retryUntilStored: retries for as long as the process runs. */
export function* stored<Result>(db: Database, work: () => Result): Steps<Result> {
  for (;;) {
    try {
      return db.transaction(work);
    } catch (error) {
      if (!(error instanceof DatabaseGone)) throw error;
    }
    yield 'database';
  }
}
