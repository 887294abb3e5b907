import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';
import { makeApp, makeTenant } from '../../../../test/support/rows.js';
import { publicId } from '../ids.js';
import type { Tenant } from '../tenant.js';
import { OneAppAClient } from './one-app-a-client.js';

let opened: OpenedDatabase;
let tenant: Tenant;
let apps: string[];

beforeAll(async () => {
  opened = await openMigratedDatabase();
  const { dataSource, pool } = opened.database;
  let last: string | undefined;
  do {
    const { rows } = await pool.query<{ name: string }>('select name from migrations order by id desc limit 1');
    last = rows[0]?.name;
    await dataSource.undoLastMigration();
  } while (last !== new OneAppAClient().name);
  tenant = await makeTenant(pool);
  apps = [await makeApp(pool, tenant), await makeApp(pool, tenant), await makeApp(pool, tenant)];
  await pool.query(`update oauth_apps set client_id = 'twice' where id = any($1)`, [apps.slice(0, 2)]);
});
afterAll(() => opened.close());

const indexes = async (): Promise<string[]> => {
  const { rows } = await opened.database.pool.query<{ name: string }>(
    `select indexname as name from pg_indexes where tablename = 'oauth_apps' order by 1`,
  );
  return rows.map(({ name }) => name);
};

it('the migration to one app for each client id stops at duplicates, names them and changes nothing', async () => {
  const before = await indexes();
  const error = await opened.database.dataSource.runMigrations().then(
    () => new Error('it ran'),
    (thrown: unknown) => thrown as Error,
  );
  expect(error.message).toContain(`workspace "ws-${tenant.workspaceId}", test, acme, client id "twice"`);
  expect(error.message).toMatch(
    new RegExp(
      apps
        .slice(0, 2)
        .map((id) => `${publicId('oa', id)} \\(0 accounts\\)`)
        .join(', '),
    ),
  );
  expect(error.message).not.toContain(publicId('oa', apps[2] ?? ''));
  expect(error.message).toContain('docs/runbooks/duplicate-oauth-apps.md');
  expect(await indexes()).toEqual(before);
});

it('the migration to one app for each client id runs once they are merged', async () => {
  await opened.database.pool.query('delete from oauth_apps where id = $1', [apps[1]]);
  await opened.database.dataSource.runMigrations();
  expect(await indexes()).toContain('oauth_apps_one_a_client');
});
