import type { Pool } from 'pg';
import pRetry from 'p-retry';
import { DataSource } from 'typeorm';
import { seconds } from '#config';
import type { Logger, Secret } from '#observability';
import * as entities from './entities/index.js';
import { ApiKeyMakers } from './migrations/api-key-makers.js';
import { AttemptLooks } from './migrations/attempt-looks.js';
import { Foundation } from './migrations/foundation.js';
import { OneAppAClient } from './migrations/one-app-a-client.js';
import { RefreshRejections } from './migrations/refresh-rejections.js';
import { PreparingClient } from './preparing-client.js';

export interface DatabaseOptions {
  url: Secret;
  /** Connections at the most. */
  pool: number;
  /** How the process is called in pg_stat_activity. */
  name: string;
  logger: Logger;
}

/** The database of one process: TypeORM for plain rows and migrations, its pool for everything with a claim or a seal. */
export class Database {
  readonly pool: Pool;

  constructor(readonly dataSource: DataSource) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master;
  }

  close(): Promise<void> {
    return this.dataSource.destroy();
  }
}

/** A database that starts together with us is waited for, about half a minute. */
const PATIENCE = { retries: 20, minTimeout: 250, maxTimeout: seconds(2), factor: 2 };

/**
 * Connects, and waits a while for a database that is not there yet. Connections that break later are replaced by themselves;
 * callers see the error of their own query only.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const dataSource = newDataSource(options);
  await pRetry(() => dataSource.initialize(), {
    ...PATIENCE,
    onFailedAttempt: ({ error }) => { options.logger.warn({ err: error }, 'the database does not answer yet'); },
  });
  return new Database(dataSource);
}

function newDataSource(options: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url.reveal(),
    applicationName: `evergrant-${options.name}`,
    entities: Object.values(entities).filter((entity) => typeof entity === 'function'),
    migrations: [Foundation, ApiKeyMakers, OneAppAClient, AttemptLooks, RefreshRejections],
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    poolSize: options.pool,
    connectTimeoutMS: 5_000,
    poolErrorHandler: (error: unknown) => { options.logger.warn({ err: error }, 'a database connection broke'); },
    extra: { Client: PreparingClient, pipeline: true, statement_timeout: 30_000, idle_in_transaction_session_timeout: 30_000 },
  });
}
