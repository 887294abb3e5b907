import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '#persistence';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';
import { makeTenant } from '../../../../test/support/rows.js';
import { DeleteIdempotencyKeys } from './cleanup.jobs.js';

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});

afterAll(() => opened.close());

it('the cleanup deletes idempotency keys that are a day old, and no younger ones', async () => {
  const { pool } = opened.database;
  const { workspaceId } = await makeTenant(pool);
  for (const age of ['23 hours 59 minutes', '24 hours', '10 days']) {
    await pool.query(
      `insert into idempotency_keys (id, workspace_id, environment, credential, method, path, key, body_hash, created_at)
       values ($1, $2, 'test', 'key:1', 'POST', '/v1/oauth-apps', $3::text, '', db_now() - $3::text::interval)`,
      [newId(), workspaceId, age],
    );
  }
  await new DeleteIdempotencyKeys(opened.database).execute();
  expect((await pool.query('select key from idempotency_keys')).rows).toEqual([{ key: '23 hours 59 minutes' }]);
});
