import pRetry from 'p-retry';
import { type Database, transaction, type Tx } from '#persistence';

/**
 * A transaction locks a grant before its account. A consent may move the account to another grant between the two locks: then the
 * transaction holds the wrong grant, and throws this.
 */
export class AccountMoved extends Error {}

const MAX_TRIES = 5;

/** Runs a transaction, and begins again where it throws AccountMoved. */
export const transactionOnAccount = <Result>({ pool }: Database, work: (tx: Tx) => Promise<Result>): Promise<Result> =>
  pRetry(() => transaction(pool, work), {
    retries: MAX_TRIES - 1,
    minTimeout: 0,
    shouldRetry: ({ error }) => error instanceof AccountMoved,
  });
