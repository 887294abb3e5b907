import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { newId, type Tenant, transaction } from '#persistence/sql';
import type { Pool } from 'pg';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeApp, makeTenant } from '../../../../test/support/rows.js';
import { wakeGrants } from './grants/grants-of-app.js';

let opened: OpenedDatabase;
let pool: Pool;
let tenant: Tenant;
let app: string;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  pool = opened.database.pool;
});
afterAll(() => opened.close());
beforeEach(async () => {
  tenant = await makeTenant(pool);
  app = await makeApp(pool, tenant);
  await pool.query(
    `update oauth_apps set status = 'paused', paused_until = db_now() + interval '15 minutes' where id = $1`,
    [app],
  );
});

interface GrantOptions {
  of?: string;
  state?: string;
  lastClass?: string | null;
  ended?: string | null;
  /** Minutes from now. */
  dueIn: number;
}

async function grant({
  of = app,
  state = 'idle',
  lastClass = null,
  ended = null,
  dueIn,
}: GrantOptions): Promise<string> {
  const id = newId();
  await pool.query(
    `insert into grants (id, workspace_id, environment, provider, oauth_app_id, platform_user_id, mode, issued_at, refresh_state, last_class, ended_reason, refresh_due_at)
     values ($1::uuid, $2, 'test', 'acme', $3, $1::uuid::text, 'static', db_now(), $4, $5, $6, db_now() + make_interval(mins => $7))`,
    [id, tenant.workspaceId, of, state, lastClass, ended, dueIn],
  );
  return id;
}

const dueNow = async (): Promise<string[]> =>
  (
    await pool.query<{ id: string }>(
      'select id from grants where workspace_id = $1 and refresh_due_at <= db_now() order by id',
      [tenant.workspaceId],
    )
  ).rows.map(({ id }) => id);

it('grants that wait for an app are due when the app is active again: refused ones, and ones postponed to the end of its pause', async () => {
  const refused = await grant({ state: 'backoff', lastClass: 'app', dueIn: 60 });
  const putOff = await grant({ dueIn: 15 });
  const unknown = await grant({ state: 'unknown', dueIn: 15 });
  await wakeGrants(pool, app);
  expect(await dueNow()).toEqual([refused, putOff, unknown].sort());
});

it('other due times stay: the next refresh of a healthy grant, strikes, revoked grants, other apps', async () => {
  await grant({ dueIn: 90 });
  await grant({ state: 'confirm', lastClass: 'permanent', dueIn: 5 });
  await grant({ state: 'confirm', ended: 'grant_revoked', dueIn: 5 });
  await grant({ state: 'backoff', ended: 'grant_revoked', lastClass: 'app', dueIn: 5 });
  await grant({ of: await makeApp(pool, tenant), state: 'backoff', lastClass: 'app', dueIn: 5 });
  await wakeGrants(pool, app);
  expect(await dueNow()).toEqual([]);
});

it('does not wait for a grant that is being exchanged', async () => {
  const held = await grant({ dueIn: 10 });
  const free = await grant({ dueIn: 10 });
  await transaction(pool, async (tx) => {
    await tx.query('select 1 from grants where id = $1 for update', [held]);
    await wakeGrants(pool, app);
  });
  expect(await dueNow()).toEqual([free]);
});
