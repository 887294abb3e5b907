import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type Tenant } from '#persistence';
import { turnClock } from '../../../../test/support/database.js';
import { type OpenedDatabase, openMigratedDatabase } from '../../../../test/support/open-database.js';
import { makeAccount, makeGrant, makeTenant } from '../../../../test/support/rows.js';
import { SweepHistory, type SweepHistoryOptions } from './sweep-history.js';

let opened: OpenedDatabase;
let tenant: Tenant;
let grantId: string;
let accountId: string;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
  grantId = await makeGrant(opened.database.pool, tenant);
  accountId = await makeAccount(opened.database.pool, tenant);
});

beforeEach(async () => {
  await opened.database.pool.query('truncate exchange_intents, account_events, outbox, idempotency_keys cascade');
  await turnClock(opened.database.pool, '0');
});

afterAll(() => opened.close());

const sweep = (options: Partial<SweepHistoryOptions> = {}): Promise<number> =>
  new SweepHistory(opened.database).execute({ eventDays: 400, ...options });

async function intent(holder: string, state: string, age: string): Promise<string> {
  const id = newId();
  await opened.database.pool.query(
    `insert into exchange_intents (id, kind, grant_id, holder, state, prepared_at) values ($1, 'refresh', $2, $3, $4, db_now() - $5::interval)`,
    [id, grantId, holder, state, age],
  );
  return id;
}

async function event(age: string, sequence: number): Promise<void> {
  await opened.database.pool.query(
    `insert into account_events (id, workspace_id, environment, account_id, sequence, type, created_at)
     values ($1, $2, 'test', $3, $4, $5::text, db_now() - $5::interval)`,
    [newId(), tenant.workspaceId, accountId, sequence, age],
  );
}

async function message(type: string, age: string, dispatched: string | null): Promise<void> {
  await opened.database.pool.query(
    `insert into outbox (id, workspace_id, environment, type, payload, created_at, dispatched_at)
     values ($1, $2, 'test', $3, '{}', db_now() - $4::interval, db_now() - $5::interval)`,
    [newId(), tenant.workspaceId, type, age, dispatched],
  );
}

const left = async (table: string, column: string): Promise<string[]> =>
  (await opened.database.pool.query<{ it: string }>(`select ${column} as it from ${table} order by 1`)).rows.map(
    ({ it }) => it,
  );

describe('the sweep of what was kept long enough', () => {
  it('deletes exchanges that ended a month ago, and none that is open', async () => {
    await intent('committed, old', 'committed', '31 days');
    await intent('released, old', 'released', '31 days');
    await intent('answered, old', 'answered', '31 days');
    await intent('committed, new', 'committed', '29 days');
    for (const state of ['prepared', 'dispatched', 'unknown']) await intent(state, state, '31 days');
    expect(await sweep()).toBe(3);
    expect(await left('exchange_intents', 'holder')).toEqual(['committed, new', 'dispatched', 'prepared', 'unknown']);
  });

  it('deletes what was never sent, or whose answer was lost, a month ago when its grant has other tokens since', async () => {
    const states = ['prepared', 'dispatched', 'unknown'];
    for (const state of states) for (const age of ['31 days', '29 days']) await intent(`${state}, ${age}`, state, age);
    const { pool } = opened.database;
    await pool.query(
      'update exchange_intents set token_version = (select token_version from grants where id = grant_id)',
    );
    expect(await sweep()).toBe(0);
    await pool.query('update grants set token_version = token_version + 1 where id = $1', [grantId]);
    expect(await sweep()).toBe(2);
    expect(await left('exchange_intents', 'holder')).toEqual([
      'dispatched, 29 days',
      'dispatched, 31 days',
      'prepared, 29 days',
      'unknown, 29 days',
    ]);
  });

  it('keeps an exchange on which a late pair hangs, and the pair', async () => {
    const id = await intent('with a pair', 'answered', '90 days');
    await opened.database.pool.query(
      `insert into token_orphans (intent_id, version, sealed_pair, dek_wrapped, kek_id) values ($1, 1, '', '', 'k1')`,
      [id],
    );
    expect(await sweep()).toBe(0);
    expect(await left('token_orphans', 'intent_id')).toEqual([id]);
  });

  it('deletes events of accounts when they are older than was requested', async () => {
    for (const [index, age] of ['401 days', '399 days', '8 days'].entries()) await event(age, index + 1);
    expect(await sweep()).toBe(1);
    expect(await left('account_events', 'type')).toEqual(['399 days', '8 days']);
    expect(await sweep({ eventDays: 7 })).toBe(2);
  });

  it('deletes events of the outbox that are a month old, delivered or not', async () => {
    await message('delivered, old', '31 days', '30 days');
    await message('undelivered, old', '31 days', null);
    await message('delivered, new', '29 days', '1 day');
    await message('undelivered, new', '29 days', null);
    expect(await sweep()).toBe(2);
    expect(await left('outbox', 'type')).toEqual(['delivered, new', 'undelivered, new']);
  });

  it('deletes idempotency keys that are a day old, and no younger ones', async () => {
    for (const age of ['23 hours 59 minutes', '24 hours', '10 days'])
      await opened.database.pool.query(
        `insert into idempotency_keys (id, workspace_id, environment, credential, method, path, key, body_hash, created_at)
         values ($1, $2, 'test', 'key:1', 'POST', '/v1/oauth-apps', $3::text, '', db_now() - $3::text::interval)`,
        [newId(), tenant.workspaceId, age],
      );
    expect(await sweep()).toBe(2);
    expect(await left('idempotency_keys', 'key')).toEqual(['23 hours 59 minutes']);
  });

  it('continues batch by batch until no row is left', async () => {
    for (let index = 0; index < 7; index += 1) await intent('old', 'committed', '31 days');
    expect(await sweep({ batch: 3 })).toBe(7);
  });

  it('leaves the rest to the next sweep when its time is over, but lets each kind have its turn', async () => {
    for (let index = 0; index < 4; index += 1) await intent('old', 'committed', '31 days');
    await message('old', '31 days', null);
    expect(await sweep({ batch: 3, within: 0 })).toBe(4);
    expect(await left('exchange_intents', 'holder')).toEqual(['old']);
    expect(await left('outbox', 'type')).toEqual([]);
  });

  it('goes by the clock of the database', async () => {
    await intent('new', 'committed', '0 days');
    expect(await sweep()).toBe(0);
    await turnClock(opened.database.pool, '31 days');
    expect(await sweep()).toBe(1);
  });
});
