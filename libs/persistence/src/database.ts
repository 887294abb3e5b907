import pg, { type Pool } from 'pg';
import pRetry from 'p-retry';
import { DataSource } from 'typeorm';
import { seconds } from '#config';
import { CodedError, type Logger, type Secret } from '#observability';
import { databaseBusy } from './errors.js';
import * as entities from './entities/index.js';
import { connectRetryPeriod, explainConnectFailure } from './connect-retry.js';
import { MIGRATIONS } from './migrations/index.js';
import { keepSpans, PreparingClient } from './preparing-client.js';

export interface DatabaseOptions {
  url: Secret;
  /** Maximum number of connections. */
  pool: number;
  /** Maximum number of callers that wait for one; further ones get database.busy. Default: no limit. */
  mostWaiting?: number;
  /** The name of the process in pg_stat_activity. */
  name: string;
  /** Milliseconds; 0: the limit of the server, which has none by default. */
  statementTimeout?: number;
  logger: Logger;
}

/** The database of one process: TypeORM for simple rows and migrations, its pool for SQL. */
export class Database {
  readonly pool: Pool;

  constructor(readonly dataSource: DataSource) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
    keepSpans(this.pool);
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}

/** `connectRetryPeriod` ends the retries. */
const RETRY_OPTIONS = { retries: 1_000, minTimeout: 250, maxTimeout: seconds(2), factor: 2 };

/**
 * Connects, and waits for a database that is starting: 30 seconds, less for an unknown host, and not at all once the server
 * has refused. The pool replaces connections that break later; a caller gets the error of its own query only.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const dataSource = newDataSource(options);
  const begun = performance.now();
  try {
    await pRetry(() => dataSource.initialize(), {
      ...RETRY_OPTIONS,
      shouldRetry: ({ error }) => performance.now() - begun < connectRetryPeriod(error),
      onFailedAttempt: ({ error }) => {
        options.logger.warn({ err: error }, 'database.not_answered');
      },
    });
  } catch (error) {
    throw new CodedError('database.not_opened', explainConnectFailure(error));
  }
  return new Database(dataSource);
}

function newDataSource(options: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url.reveal(),
    applicationName: `evergrant-${options.name}`,
    entities: Object.values(entities).filter((entity) => typeof entity === 'function'),
    migrations: MIGRATIONS,
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    ...(options.mostWaiting !== undefined && { driver: { ...pg, Pool: boundedPool(options.mostWaiting) } }),
    poolSize: options.pool,
    connectTimeoutMS: 5_000,
    poolErrorHandler: (error: unknown) => {
      options.logger.warn({ err: error }, 'database.connection_lost');
    },
    extra: {
      Client: PreparingClient,
      pipeline: true,
      mostWaiting: options.mostWaiting,
      statement_timeout: options.statementTimeout ?? seconds(30),
      idle_in_transaction_session_timeout: 30_000,
    },
  });
}

type Connect = pg.Pool['connect'];
type Callback = Parameters<Connect>[0];

/**
 * The class of a pool that refuses a caller at once where `mostWaiting` callers wait for a connection already, instead of
 * letting each of them wait for the time-out: a process that is overloaded answers what it can answer, and sheds the rest.
 */
function boundedPool(mostWaiting: number): typeof pg.Pool {
  return class BoundedPool extends pg.Pool {
    override connect = ((callback?: Callback) => {
      const connect = super.connect.bind(this) as (callback?: Callback) => Promise<pg.PoolClient> | undefined;
      if (this.idleCount > 0 || this.waitingCount < mostWaiting) return callback ? connect(callback) : connect();
      const error = databaseBusy();
      if (!callback) return Promise.reject(error);
      process.nextTick(callback, error, undefined, () => undefined);
      return undefined;
    }) as Connect;
  };
}
