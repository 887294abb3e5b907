import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { build } from '../../tools/start/build.mjs';
import { run } from '../../tools/start/run.mjs';
import { startPostgres } from '../../tools/start/postgres.mjs';
import { makeDataFolder } from './data-folder.mjs';

const TEMPLATE = 'evergrant_template';
const CLI = resolve('dist/bundle/cli.js');
// The data is removed after the tests: it need not survive a power failure, and small tables need no maintenance.
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  jit: 'off',
  max_connections: '200',
};

/** @typedef {{ url: string, stop(): Promise<void> }} DatabaseServer */

/** @type {DatabaseServer | undefined} */
let running;

/**
 * Prepares a migrated template that each test file clones: on the server of TEST_DATABASE_ADMIN_URL (a superuser's URL), or,
 * without that variable, on a temporary PostgreSQL.
 */
export default async function setUp() {
  const server = process.env.TEST_DATABASE_ADMIN_URL
    ? { url: process.env.TEST_DATABASE_ADMIN_URL, stop: async () => {} }
    : await startTemporaryPostgres();
  running = server;
  try {
    await migrateTemplate(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  process.env.TEST_DATABASE_ADMIN_URL = server.url;
}

/** Stops the temporary PostgreSQL and removes its files. */
export async function tearDown() {
  await running?.stop();
}

/** @returns {Promise<DatabaseServer>} */
async function startTemporaryPostgres() {
  const directory = await makeDataFolder();
  const { url, stop } = await startPostgres({ dataDir: join(directory, 'postgres'), settings: FAST });
  return {
    url,
    stop: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @param {string} adminUrl */
async function migrateTemplate(adminUrl) {
  const admin = new pg.Client(adminUrl);
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${TEMPLATE}`);
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  await build({ mayHaveTypeErrors: true });
  const url = new URL(adminUrl);
  url.pathname = TEMPLATE;
  await run(process.execPath, [CLI, 'migrate'], { env: { ...process.env, DATABASE_URL: url.href } });
}
