import { Secret, createLogger } from '#observability';
import { type Database, openDatabase } from '#persistence';
import { openTestDatabase } from './database.js';

/** A database of one test file, as a process of the service sees it. */
export interface OpenedDatabase {
  database: Database;
  url: string;
  close(): Promise<void>;
}

/** Opens a clone of the migrated template. */
export async function openMigratedDatabase(): Promise<OpenedDatabase> {
  const test = await openTestDatabase();
  const logger = createLogger({ app: 'test', level: 'silent' });
  const database = await openDatabase({ url: new Secret(test.url), pool: 5, name: 'test', logger });
  return {
    database,
    url: test.url,
    async close() {
      await database.close();
      await test.close();
    },
  };
}

/** Opens a database in which nothing is. */
export async function openEmptyDatabase(): Promise<OpenedDatabase> {
  const opened = await openMigratedDatabase();
  await opened.database.pool.query('drop schema public cascade; create schema public;');
  return opened;
}
