import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { PROVIDER_NAMES } from '#providers';
import { runCommand } from '../../../../test/support/app-process.js';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';
import { TestSandbox } from '../../../../test/support/sandbox.js';

const MASTER_KEYS = `k1:${randomBytes(32).toString('base64')}`;

let opened: OpenedDatabase;
let sandbox: TestSandbox;
let first: Seeded;

beforeAll(async () => {
  [opened, sandbox] = await Promise.all([openMigratedDatabase(), TestSandbox.start()]);
  first = await seed({ PUBLIC_URL: 'http://localhost:3001' });
});
afterAll(async () => {
  await Promise.all([opened.close(), sandbox.stop()]);
});

interface Seeded {
  workspace: string;
  test_api_key: string;
}

/** Runs the command as `npm start` does; its stdout must be JSON and nothing else. */
async function seed(env: Record<string, string> = {}): Promise<Seeded> {
  const { stdout } = await runCommand(['seed'], {
    DATABASE_URL: opened.url,
    MASTER_KEYS,
    SANDBOX_URL: sandbox.url,
    ...env,
  });
  return JSON.parse(stdout) as Seeded;
}

const rowsOf = async (sql: string): Promise<unknown[]> =>
  (await opened.database.pool.query<Record<string, unknown>>(sql)).rows;

const countRows = (): Promise<unknown[]> =>
  rowsOf('select (select count(*)::int from api_keys) as keys, (select count(*)::int from oauth_apps) as apps');

async function registeredOrigins(): Promise<string[]> {
  const { body } = await sandbox.control('GET', '/apps');
  const uris = (body as { redirect_uris: string[] }[]).flatMap((app) => app.redirect_uris);
  expect(uris).toHaveLength(PROVIDER_NAMES.length);
  return [...new Set(uris.map((uri) => new URL(uri).origin))];
}

it('the seed command makes what a first connect needs, and the second time only registers new redirect URIs', async () => {
  const made = [{ keys: 1, apps: PROVIDER_NAMES.length }];
  expect(first).toEqual({ workspace: 'default', test_api_key: expect.stringMatching(/^dra_test_/) });
  expect(await countRows()).toEqual(made);
  expect(await registeredOrigins()).toEqual(['http://localhost:3001']);

  const second = await seed({ PUBLIC_URL: 'http://localhost:3002', SEED_TEST_API_KEY: first.test_api_key });
  expect(second).toEqual(first);
  expect(await countRows()).toEqual(made);
  expect(await registeredOrigins()).toEqual(['http://localhost:3002']);
  expect(await rowsOf('select distinct environment, is_default from oauth_apps')).toEqual([
    { environment: 'test', is_default: true },
  ]);
});

it('the seed command makes another key when the key of the earlier start was revoked', async () => {
  await opened.database.pool.query('update api_keys set revoked_at = db_now()');
  expect((await seed({ SEED_TEST_API_KEY: first.test_api_key })).test_api_key).not.toBe(first.test_api_key);
});
