import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { Logger, Secret } from '#observability';
import * as entities from './entities/index.js';
import { Foundation } from './migrations/foundation.js';

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

/** Connects. Connections that break later are replaced by themselves; callers see the error of their own query only. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url.reveal(),
    applicationName: `evergrant-${options.name}`,
    entities: Object.values(entities).filter((entity) => typeof entity === 'function'),
    migrations: [Foundation],
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    poolSize: options.pool,
    connectTimeoutMS: 5_000,
    poolErrorHandler: (error: unknown) => { options.logger.warn({ err: error }, 'a database connection broke'); },
    extra: { statement_timeout: 30_000, idle_in_transaction_session_timeout: 30_000 },
  });
  await dataSource.initialize();
  return new Database(dataSource);
}
