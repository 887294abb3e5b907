import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { populateOneApp } from './population.js';
import { seededRandom } from './seeded-random.js';
import { SHAPES } from './shapes.js';
import { VirtualEngine } from './virtual-engine.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The largest app of so many has enough for a breaker; of more, also others beside those who opened it. */
const FEW = 22;
const MANY = 40;
const UNLUCKY = 12;

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

/** So many of a large app are due now, the others in five minutes. How many they are. */
async function largeApp(accounts: number, unlucky: number): Promise<number> {
  const { pool } = engine.context;
  await populateOneApp(engine.context, engine.platform, accounts);
  const { rowCount } = await pool.query(
    `update grants set refresh_due_at = db_now() + case when id in (select id from grants order by id limit $1) then interval '0' else interval '5 minutes' end`,
    [unlucky],
  );
  return rowCount ?? 0;
}

const told = async (): Promise<object[]> =>
  (
    await engine.context.pool.query<object>(
      'select health, health_reason as reason, count(*)::int from accounts group by 1, 2 order by 1',
    )
  ).rows;
const isShut = async (): Promise<boolean> =>
  (await engine.context.pool.query(`select 1 from breakers where state <> 'closed'`)).rowCount === 1;

/** So many are asked for tokens, and their answers lost after the platform has rotated. How many there are of the app. */
async function lose(accounts: number, unlucky: number): Promise<number> {
  const all = await largeApp(accounts, unlucky);
  engine.platform.outage = { name: 'rotates, then hangs', token: () => 'lost', takes: 120, spends: true };
  await engine.live(3 * MINUTE);
  engine.platform.outage = null;
  expect(await isShut()).toBe(true);
  return all;
}

it('answers that many lose at once do not keep the breaker open for the others: that a spent token is refused says nothing', async () => {
  const all = await lose(MANY, UNLUCKY);
  await engine.live(30 * MINUTE);
  expect(await told()).toEqual([
    { health: 'active', reason: null, count: all - UNLUCKY },
    { health: 'needs_reauth', reason: 'refresh_outcome_unknown', count: UNLUCKY },
  ]);
  expect(await isShut()).toBe(false);
}, 180_000);

it('answers that all of an app have lost are told as lost after two days, for nobody else can show that the platform is well', async () => {
  const all = await lose(FEW, FEW);
  await engine.live(2 * DAY - 15 * MINUTE, { sweepEvery: 45 * MINUTE });
  expect(await told()).toEqual([{ health: 'degraded', reason: 'provider_unavailable', count: all }]);
  await engine.live(2 * DAY + 2 * HOUR, { sweepEvery: 5 * MINUTE });
  expect(await told()).toEqual([{ health: 'needs_reauth', reason: 'refresh_outcome_unknown', count: all }]);
}, 180_000);

it('people of whom each was refused once tell of the platform too: their failures open the breaker, and their oks close it', async () => {
  const all = await largeApp(FEW, FEW);
  await engine.context.pool
    .query(`update grants set refresh_state = 'confirm', last_class = 'permanent', last_reason = 'refresh_unconfirmed',
    strike_count = 1, first_strike_at = db_now(), last_strike_at = db_now(), witness = 'accepts'`);
  engine.platform.outage = SHAPES.find(({ name }) => name === '500') ?? null;
  await engine.live(30 * MINUTE);
  expect(await isShut()).toBe(true);
  engine.platform.outage = null;
  await engine.live(45 * MINUTE);
  expect(await told()).toEqual([{ health: 'active', reason: null, count: all }]);
  expect(await isShut()).toBe(false);
}, 180_000);
