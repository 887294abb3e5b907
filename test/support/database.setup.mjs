import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { build } from '../../tools/start/build.mjs';
import { run } from '../../tools/start/run.mjs';
import { startPostgres } from '../../tools/start/postgres.mjs';

const TEMPLATE = 'evergrant_template';
const CLI = resolve('dist/apps/cli/src/main.js');
// The data is removed after the tests, so it need not survive a power failure.
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

/** Starts one temporary PostgreSQL for all integration tests, with a migrated template that each test file clones. */
export default async function setUp() {
  const directory = await mkdtemp(join(tmpdir(), 'evergrant-tests-'));
  const server = await startPostgres({ dataDir: join(directory, 'postgres'), settings: FAST });
  globalThis.testDatabaseServer = {
    stop: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  try {
    await migrateTemplate(server.url);
  } catch (error) {
    await globalThis.testDatabaseServer.stop();
    throw error;
  }
  process.env.TEST_DATABASE_ADMIN_URL = server.url;
}

async function migrateTemplate(adminUrl) {
  const admin = new pg.Client(adminUrl);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.end();
  await build({ mayHaveTypeErrors: true });
  const url = new URL(adminUrl);
  url.pathname = TEMPLATE;
  await run(process.execPath, [CLI, 'migrate'], { env: { ...process.env, DATABASE_URL: url.href } });
}
