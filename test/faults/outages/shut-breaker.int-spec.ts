import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { populateOneApp } from './population.js';
import { seededRandom } from './seeded-random.js';
import { VirtualEngine } from './virtual-engine.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The largest app of so many has enough for a breaker. */
const ACCOUNTS = 22;

let database: TestDatabase;
let engine: VirtualEngine;

beforeEach(async () => {
  database = await openTestDatabase();
  engine = await VirtualEngine.open(database.url, seededRandom(1));
});
afterEach(async () => {
  await engine.close();
  await database.close();
});

const told = async (): Promise<object[]> =>
  (
    await engine.context.pool.query<object>(
      `select health, health_reason as reason, count(*)::int,
       sum((select count(*) from account_events event where event.account_id = accounts.id and event.type = 'connection.revoked'))::int as events
     from accounts group by 1, 2 order by 1, 2`,
    )
  ).rows;
const breakers = async (): Promise<object[]> =>
  (await engine.context.pool.query<object>('select state from breakers')).rows;

/** The people of one large app, who all come due in the same minute, so that its breaker opens. */
async function largeApp(): Promise<string[]> {
  const { pool } = engine.context;
  await populateOneApp(engine.context, engine.platform, ACCOUNTS);
  return (await pool.query<{ id: string }>('update grants set refresh_due_at = db_now() returning id')).rows.map(
    ({ id }) => id,
  );
}

it('an app whose people have all gone is told so, one after the other, after two days of an open breaker and not before', async () => {
  const people = await largeApp();
  for (const person of people) engine.platform.revoke(person);
  await engine.live(5 * MINUTE);
  expect(await breakers()).toEqual([{ state: 'open' }]);
  await engine.live(2 * DAY - 15 * MINUTE, { sweepEvery: 45 * MINUTE });
  expect(await told()).toEqual([
    { health: 'degraded', reason: 'provider_unavailable', count: people.length, events: 0 },
  ]);
  await engine.live(2 * DAY + 3 * HOUR, { sweepEvery: 5 * MINUTE });
  expect(await told()).toEqual([
    { health: 'needs_reauth', reason: 'grant_revoked', count: people.length, events: people.length },
  ]);
}, 60_000);
