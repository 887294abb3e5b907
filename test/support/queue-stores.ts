import pg from 'pg';
import { openTestDatabase } from './database.js';
import { openTestRedis, redisIsHere } from './redis.js';

/** A store for a queue that a test can make unreachable and reachable again. */
export interface TestStore {
  readonly urls: { databaseUrl: string; redisUrl?: string };
  takeAway(): Promise<void>;
  giveBack(): Promise<void>;
  close(): Promise<void>;
}

/** Every store that a queue supports: the suites run over all of them. */
export const queueStores: readonly { kind: 'postgres' | 'redis'; here: boolean; open(): Promise<TestStore> }[] = [
  { kind: 'postgres', here: true, open: openPostgresStore },
  { kind: 'redis', here: redisIsHere, open: openRedisStore },
];

async function openPostgresStore(): Promise<TestStore> {
  const database = await openTestDatabase();
  const name = new URL(database.url).pathname.slice(1);
  return {
    urls: { databaseUrl: database.url },
    takeAway: () =>
      asAdmin(
        database.url,
        `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
      ),
    giveBack: () => asAdmin(database.url, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`),
    close: () => database.close(),
  };
}

async function openRedisStore(): Promise<TestStore> {
  const redis = await openTestRedis();
  return {
    urls: { databaseUrl: 'postgres://unused@127.0.0.1:1/none', redisUrl: redis.url },
    takeAway: () => redis.stop(),
    giveBack: () => redis.start(),
    close: () => redis.stop(),
  };
}

async function asAdmin(databaseUrl: string, ...statements: string[]): Promise<void> {
  const url = new URL(databaseUrl);
  url.pathname = 'postgres';
  const client = new pg.Client(url.href);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
