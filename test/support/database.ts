import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** A migrated database of its own for one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Drops it, even with open connections. */
  close(): Promise<void>;
}

/** Anything with a `query`: a pool, a client or a TypeORM data source. */
interface Queryable {
  query(sql: string): Promise<unknown>;
}

/** Clones the template that the integration project migrated once; fails outside that project. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  // A copy of the files costs half the CPU time of the default strategy, which writes each page to the log.
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE evergrant_template STRATEGY FILE_COPY`);
  const url = new URL(adminUrl());
  url.pathname = name;
  return { url: url.href, close: () => drop(name) };
}

/** An ended pool may still close its connections: an error of one that is cut off meanwhile has no other listener. */
async function drop(name: string): Promise<void> {
  const isLeft = async (): Promise<boolean> =>
    (await asAdmin(`SELECT 1 FROM pg_stat_activity WHERE datname = '${name}'`)) === 0;
  for (let rounds = 0; rounds < 10 && !(await isLeft()); rounds += 1) await pause(50);
  await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** Moves the clock of one database by an SQL interval (`'2 hours'`, `'-5 minutes'`, `'0'`), for every statement that reads `db_now()`. */
export async function turnClock(database: Queryable, interval: string): Promise<void> {
  const literal = `'${interval.replaceAll("'", "''")}'`;
  await database.query(
    `CREATE OR REPLACE FUNCTION db_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ select now() + interval ${literal} $$`,
  );
}

/** The number of rows. */
async function asAdmin(sql: string): Promise<number | null> {
  const client = new pg.Client(adminUrl());
  await client.connect();
  try {
    return (await client.query(sql)).rowCount;
  } finally {
    await client.end();
  }
}

function adminUrl(): string {
  const url = process.env.TEST_DATABASE_ADMIN_URL;
  if (!url) throw new Error('no test database: run this with jest --selectProjects integration');
  return url;
}
