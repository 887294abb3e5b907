import { parseArgs } from 'node:util';
import { readMigrationConfig } from '#config';
import { migrateQueue } from '#jobs';
import type { Logger } from '#observability';
import { type Database, openDatabase } from '#persistence';
import { runOnce } from './run-once.js';

/** Any number, as long as no other advisory lock of ours has it: the letters "evgr". */
const LOCK = 0x65_76_67_72;

await runOnce('migrate', async (logger) => {
  const { values } = parseArgs({ options: { undo: { type: 'boolean', default: false } } });
  const config = readMigrationConfig(process.env);
  logger.level = config.process.logLevel;
  const database = await openDatabase({ url: config.database.url, pool: 2, name: 'migrate', logger });
  try {
    await oneAtATime(database, async () => {
      if (values.undo) return undoLast(database, logger);
      const done = await database.dataSource.runMigrations();
      await migrateQueue({ databaseUrl: config.database.url, redisUrl: config.queue.redisUrl, logger });
      logger.info(
        { migrations: done.map((migration) => migration.name) },
        done.length > 0 ? 'migrated' : 'nothing to migrate',
      );
    });
  } finally {
    await database.close();
  }
});

/** Only the release that has the migration can undo it: TypeORM refuses a name that is not in the code. */
async function undoLast({ dataSource }: Database, logger: Logger): Promise<void> {
  const applied = await dataSource.query<{ name: string }[]>('select name from migrations order by id');
  if (applied.length <= 1) throw new Error('the first migration is not undone: that would drop every table');
  await dataSource.undoLastMigration();
  logger.info({ migration: applied.at(-1)?.name }, 'undid the last migration');
}

/** Two releases may start at once: the second waits, however long the first takes, and then finds the work done. */
async function oneAtATime(database: Database, work: () => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query('set statement_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await work();
  } finally {
    // Closing the connection gives the lock back, also after an error on it.
    client.release(true);
  }
}
