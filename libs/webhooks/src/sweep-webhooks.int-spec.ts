import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordEvent, type Tenant } from '#persistence';
import { turnClock } from '../../../test/support/database.js';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { makeAccount, makeTenant, makeWebhook } from '../../../test/support/rows.js';
import { SweepWebhooks } from './sweep-webhooks.js';

let opened: OpenedDatabase;
let tenant: Tenant;
let sweep: SweepWebhooks;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
  sweep = new SweepWebhooks(opened.database);
});
afterAll(() => opened.close());

async function record(): Promise<void> {
  const accountId = await makeAccount(opened.database.pool, tenant);
  await recordEvent(opened.database.pool, { ...tenant, accountId, type: 'account.connected' });
}

async function count(table: string): Promise<number> {
  const { rows } = await opened.database.pool.query<{ count: number }>(`select count(*)::int as count from ${table}`);
  return rows[0]!.count;
}

describe('the sweep of webhooks', () => {
  it('makes a lane due in which an event waits and nothing would send it', async () => {
    await makeWebhook(opened.database.pool, tenant);
    await record();
    expect(await sweep.execute()).toEqual({ deleted: 0, woken: 0 });
    await opened.database.pool.query('update webhook_lanes set next_attempt_at = null');
    expect(await sweep.execute()).toEqual({ deleted: 0, woken: 1 });
    expect(await count('webhook_lanes where next_attempt_at <= db_now()')).toBe(1);
  });

  it('deletes deliveries after 30 days, and then the lanes that have none', async () => {
    await opened.database.pool.query(
      `update webhook_deliveries set status = 'succeeded', created_at = db_now() - interval '29 days'`,
    );
    await opened.database.pool.query('update webhook_lanes set next_attempt_at = null');
    expect(await sweep.execute()).toEqual({ deleted: 0, woken: 0 });
    await turnClock(opened.database.pool, '2 days');
    expect(await sweep.execute()).toEqual({ deleted: 2, woken: 0 });
    expect([await count('webhook_deliveries'), await count('webhook_lanes')]).toEqual([0, 0]);
  });

  it('deletes more old deliveries than one statement does', async () => {
    const webhookId = await makeWebhook(opened.database.pool, tenant);
    await opened.database.pool.query(
      `insert into webhook_deliveries (id, workspace_id, environment, webhook_id, event_id, event_type, status, created_at)
       select gen_random_uuid(), $1, $2, $3, gen_random_uuid(), 'test.ping', 'succeeded', db_now() - interval '31 days'
       from generate_series(1, 10001)`,
      [tenant.workspaceId, tenant.environment, webhookId],
    );
    expect(await sweep.execute()).toEqual({ deleted: 10_001, woken: 0 });
    await opened.database.pool.query('delete from webhooks where id = $1', [webhookId]);
  });

  it('deletes the row of a removed webhook an hour later, with what is left of it', async () => {
    await record();
    await opened.database.pool.query(`update webhooks set status = 'disabled', deleted_at = db_now()`);
    await sweep.execute();
    expect(await count('webhooks')).toBe(1);
    await turnClock(opened.database.pool, '2 days 2 hours');
    await sweep.execute();
    expect([await count('webhooks'), await count('webhook_deliveries')]).toEqual([0, 0]);
  });
});
