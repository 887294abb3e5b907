import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A migrated database of its own for one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Drops it, whoever is still connected. */
  close(): Promise<void>;
}

/** Anything with a `query`: a pool, a client or a TypeORM data source. */
interface Queryable {
  query(sql: string): Promise<unknown>;
}

/** Clones the template that the integration project migrated once; fails outside that project. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE evergrant_template`);
  const url = new URL(adminUrl());
  url.pathname = name;
  return { url: url.href, close: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Turns the clock of one database by an SQL interval (`'2 hours'`, `'-5 minutes'`, `'0'`), seen by all that reads `db_now()`. */
export async function turnClock(database: Queryable, interval: string): Promise<void> {
  const literal = `'${interval.replaceAll("'", "''")}'`;
  await database.query(
    `CREATE OR REPLACE FUNCTION db_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ select now() + interval ${literal} $$`,
  );
}

async function asAdmin(sql: string): Promise<void> {
  const client = new pg.Client(adminUrl());
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function adminUrl(): string {
  const url = process.env.TEST_DATABASE_ADMIN_URL;
  if (!url) throw new Error('no test database: run this with jest --selectProjects integration');
  return url;
}
