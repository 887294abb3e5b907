import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { createLogger } from '#observability';
import { newId, recordEvent } from '#persistence';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeAccount, makeTenant } from '../../../../test/support/rows.js';
import type { Attempted } from './deliver.js';
import { claimDue } from './lanes.js';
import { ResultQueue } from './result-queue.js';

const logger = createLogger({ app: 'test', level: 'silent' });

let opened: OpenedDatabase;
let attempts: Attempted[];
let connections: number;
/** Connections that fail at first. */
let failing: number;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());
beforeEach(async () => {
  const { pool } = opened.database;
  [connections, failing] = [0, 0];
  await pool.query('delete from webhooks');
  const tenant = await makeTenant(pool);
  await pool.query(
    `insert into webhooks (id, workspace_id, environment, url, events) values ($1, $2, $3, 'https://receiver.example/', '{*}')`,
    [newId(), tenant.workspaceId, tenant.environment],
  );
  for (let n = 0; n < 10; n += 1) {
    const accountId = await makeAccount(pool, tenant);
    await recordEvent(pool, { ...tenant, accountId, type: 'account.connected' });
  }
  const claimed = await claimDue(pool, { most: 100, perWebhook: 100, busy: [] });
  const facts = { statusCode: 200, error: null, durationMs: 1, responseExcerpt: 'ok' };
  attempts = claimed.map((delivery) => ({
    result: { delivery, facts, status: 'succeeded', wait: null, counts: true },
    endpoint: 'succeeded',
    outcome: 'succeeded',
  }));
});

const newQueue = (): ResultQueue => {
  const { pool } = opened.database;
  const connect = (): Promise<unknown> => {
    connections += 1;
    failing -= 1;
    return failing >= 0 ? Promise.reject(new Error('the database is down')) : pool.connect();
  };
  const query = pool.query.bind(pool);
  return new ResultQueue({ pool: { connect, query } as unknown as Pool, scale: 1, logger });
};

async function delivered(): Promise<number> {
  const sql = `select count(*)::int as count from webhook_deliveries where status = 'succeeded'`;
  return (await opened.database.pool.query<{ count: number }>(sql)).rows[0]!.count;
}

describe('a queue of results', () => {
  it('stores by one transaction what arrives together', async () => {
    const queue = newQueue();
    await Promise.all(attempts.map((attempt) => queue.add(attempt)));
    expect([await delivered(), connections]).toEqual([10, 1]);
  });

  it('stores results when the database is up again, so that no event is sent a second time', async () => {
    const queue = newQueue();
    failing = 2;
    await Promise.all(attempts.map((attempt) => queue.add(attempt)));
    expect([await delivered(), connections]).toEqual([10, 3]);
  });

  it('stores the results beside one that the database refuses', async () => {
    const queue = newQueue();
    const [refused, ...others] = attempts;
    refused!.result.facts = { ...refused!.result.facts, statusCode: 2 ** 40 };
    const stored = await Promise.allSettled([refused!, ...others].map((attempt) => queue.add(attempt)));
    expect(stored.map(({ status }) => status)).toEqual(['rejected', ...others.map(() => 'fulfilled')]);
    expect(await delivered()).toBe(9);
  });

  it('gives a result up with the end of its claim, and when the process ends', async () => {
    const queue = newQueue();
    failing = 100;
    attempts[0]!.result.delivery.claimedAt -= 56_000;
    await expect(queue.add(attempts[0]!)).rejects.toThrow('down');
    const stored = expect(queue.add(attempts[1]!)).rejects.toThrow('down');
    queue.stop();
    await stored;
  });
});
