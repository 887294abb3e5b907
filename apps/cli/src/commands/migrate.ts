import type { Command } from 'commander';
import { readMigrationConfig } from '#config';
import type { Logger } from '#observability';
import type { Database } from '#persistence';
import { runOnce } from '../run-once.js';

/** The key of the advisory lock, "evgr" in ASCII. No other advisory lock of this database may have it. */
const MIGRATION_LOCK_KEY = 0x65_76_67_72;

/** `migrate`: brings the tables and the queue to the state that this release needs. */
export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('Migrates the database and the queue to this release. Reads DATABASE_URL and REDIS_URL.')
    .option('--undo', 'undo the last migration instead')
    .action(({ undo = false }: { undo?: boolean }) =>
      runOnce('migrate', (logger) => (undo ? undoLastMigration(logger) : migrate(logger))),
    );
}

const migrate = (logger: Logger): Promise<void> =>
  withLockedDatabase(logger, async ({ dataSource }, { database, queue }) => {
    const { migrateQueue } = await import('#jobs');
    const done = await dataSource.runMigrations();
    await migrateQueue({ databaseUrl: database.url, redisUrl: queue.redisUrl, logger });
    logger.info({ migrations: done.map(({ name }) => name) }, 'migrations.applied');
  });

/** Works only in the release that has the migration: TypeORM rejects a name that is not in the code. */
const undoLastMigration = (logger: Logger): Promise<void> =>
  withLockedDatabase(logger, async ({ dataSource }) => {
    const applied = await dataSource.query<{ name: string }[]>('select name from migrations order by id');
    if (applied.length <= 1) throw new Error('the first migration is not undone: that would drop every table');
    await dataSource.undoLastMigration();
    logger.info({ migration: applied.at(-1)?.name }, 'migrations.undone');
  });

type Work = (database: Database, config: ReturnType<typeof readMigrationConfig>) => Promise<void>;

async function withLockedDatabase(logger: Logger, work: Work): Promise<void> {
  const config = readMigrationConfig(process.env);
  logger.level = config.process.logLevel;
  // Loaded here, because the other commands start a second earlier without TypeORM.
  const { openDatabase } = await import('#persistence');
  const database = await openDatabase({
    url: config.database.url,
    pool: 2,
    name: 'migrate',
    // An index of a large table takes longer than any statement of a running service.
    statementTimeout: 0,
    logger,
  });
  try {
    await underLock(database, () => work(database, config));
  } finally {
    await database.close();
  }
}

/** Two releases may start at the same time. The second one waits without a time limit, and finds the work done. */
async function underLock(database: Database, work: () => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query('set statement_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK_KEY]);
    await work();
  } finally {
    // Closing the connection releases the lock, also after an error on the connection.
    client.release(true);
  }
}
