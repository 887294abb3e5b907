import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { build } from '../../tools/start/build.mjs';
import { run } from '../../tools/start/run.mjs';
import { startPostgres } from '../../tools/start/postgres.mjs';

const TEMPLATE = 'evergrant_template';
const MIGRATE = resolve('dist/apps/api/src/migrate.js');
// Nothing here survives the tests, so nothing is made to survive a power cut.
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };

/** One throw-away PostgreSQL for all integration tests, migrated once into a template that each test file clones. */
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
  if (!existsSync(MIGRATE)) {
    console.warn(`${MIGRATE} does not exist: the template database stays empty`);
    return;
  }
  const url = new URL(adminUrl);
  url.pathname = TEMPLATE;
  await run(process.execPath, [MIGRATE], { env: { ...process.env, DATABASE_URL: url.href } });
}
