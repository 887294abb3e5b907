import { afterAll, beforeEach } from '@jest/globals';
import { Secret, createLogger } from '#observability';
import { type Database, openDatabase, type Tenant } from '#persistence';
import { openTestDatabase } from './database.js';
import { makeTenant } from './rows.js';

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

/** Gives each test of a file a database of its own, with a tenant in it. They are closed after the last test. */
export function openDatabaseForEachTest(): { readonly database: Database; readonly tenant: Tenant } {
  const opened: OpenedDatabase[] = [];
  const current = {} as { database: Database; tenant: Tenant };
  beforeEach(async () => {
    const next = await openMigratedDatabase();
    opened.push(next);
    current.database = next.database;
    current.tenant = await makeTenant(next.database.pool);
  });
  afterAll(() => Promise.all(opened.map((one) => one.close())));
  return current;
}
