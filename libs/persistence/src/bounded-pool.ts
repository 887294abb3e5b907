import pg from 'pg';
import { CodedError } from '#observability';

type Connect = pg.Pool['connect'];
type Callback = Parameters<Connect>[0];

/**
 * The class of a pool that refuses a caller at once where `mostWaiting` callers wait for a connection already, instead of
 * letting each of them wait for the time-out: a process that is overloaded answers what it can answer, and sheds the rest.
 */
export function boundedPool(mostWaiting: number): typeof pg.Pool {
  return class BoundedPool extends pg.Pool {
    override connect = ((callback?: Callback) => {
      const connect = super.connect.bind(this) as (callback?: Callback) => Promise<pg.PoolClient> | undefined;
      if (this.waitingCount < mostWaiting) return callback ? connect(callback) : connect();
      const error = new CodedError('database.busy', 'Too many requests wait for the database; try again in a second.', {
        retryAfter: 1,
      });
      if (!callback) return Promise.reject(error);
      process.nextTick(callback, error, undefined, () => undefined);
      return undefined;
    }) as Connect;
  };
}
