import { setTimeout as sleep } from 'node:timers/promises';
import { publicId, recordEvent } from '#persistence';
import { printRatio, printTitle } from '../load/report.mjs';
import { medianOf, percentileOf } from '../surfaces/timing.mjs';
import { peakMemory } from './world.mjs';

/**
 * @typedef {import('./world.mjs').World} World
 * @typedef {{ world: World, share: number }} PartContext `share`: of the counts of the long form
 */

/** Not behind the door of the library. */
const { claimDue } = await import(new URL('../../dist/libs/webhooks/src/delivery/lanes.js', import.meta.url).href);

const now = () => performance.timeOrigin + performance.now();
const ENDPOINTS = 4;

/** Queues events as the product does, through the trigger. @param {World} world @param {number} count @param {string[] | null} accounts null: events without an account, each in a lane of its own */
async function queueEvents({ pool, workspaceId }, count, accounts) {
  await pool.query(
    `insert into outbox (id, workspace_id, environment, account_id, sequence, type, payload)
     select gen_random_uuid(), $1, 'test', accounts.id, case when accounts.id is not null then n end,
       'account.connected', '{"provider":"x","handle":"a_person","project_id":"prj_01h455vb4pex5vsknk084sn02q"}'
     from generate_series(1, $2::int) as n
     left join unnest($3::uuid[]) with ordinality as accounts (id, place) on accounts.place = 1 + n % greatest(1, cardinality($3))`,
    [workspaceId, count, accounts ?? []],
  );
  await pool.query('vacuum analyze webhook_lanes, webhook_deliveries, outbox');
}

/** The lanes of the floor program. @param {World} world @param {number} count @param {number} lanes */
async function queueForFloor({ pool }, count, lanes) {
  await pool.query(`
    drop table if exists floor_events, floor_lanes;
    create table floor_lanes (id int primary key, is_free boolean not null, next int not null, last int not null);
    create table floor_events (lane int not null, number int not null, body text not null, delivered_at timestamptz,
      primary key (lane, number));
    insert into floor_lanes select n, true, 1, ${Math.floor(count / lanes)} from generate_series(1, ${lanes}) as n;
    create index on floor_lanes (id) where is_free;
    insert into floor_events select lane, number, '{"id":"evt_01h455vb4pex5vsknk084sn02t","type":"account.connected","created_at":"2026-11-30T09:12:44Z","environment":"test","account_id":"acc_01h455vb4pex5vsknk084sn02q","sequence":' || number || ',"data":{"provider":"x","handle":"a_person"}}'
    from generate_series(1, ${lanes}) as lane, generate_series(1, ${Math.floor(count / lanes)}) as number`);
  await pool.query('vacuum analyze floor_lanes, floor_events');
}

/** @param {import('./sink.mjs').Receipt[]} receipts */
function rateOf(receipts) {
  const times = receipts.map(({ at }) => at).sort((one, other) => one - other);
  // Without the first and the last tenth: starts and ends are not what is measured.
  const inner = times.slice(Math.floor(times.length / 10), Math.ceil(times.length * 0.9));
  return (inner.length - 1) / (((inner.at(-1) ?? 0) - (inner[0] ?? 0)) / 1_000);
}

/** @param {World} world @param {number} events @param {string[] | null} accounts */
async function ourRate(world, events, accounts) {
  await world.clear();
  for (let n = 0; n < ENDPOINTS; n += 1) await world.makeWebhook(`/${n}`);
  await queueEvents(world, events, accounts);
  await world.startWorker();
  const receipts = await world.received(events * ENDPOINTS);
  await world.stopWorkers();
  return rateOf(receipts);
}

/** @param {PartContext} context */
export async function measureThroughput({ world, share }) {
  printTitle('throughput, deliveries a second');
  const events = Math.round(5_000 * share);
  const accounts = await world.makeAccounts(100);
  /** @type {Record<'floor' | 'ordered' | 'unordered', number[]>} */
  const rates = { floor: [], ordered: [], unordered: [] };
  for (let round = 0; round < 3; round += 1) {
    await queueForFloor(world, events * ENDPOINTS, accounts.length * ENDPOINTS);
    await world.runFloor();
    rates.floor.push(rateOf(await world.received(events * ENDPOINTS)));
    rates.ordered.push(await ourRate(world, events, accounts));
    rates.unordered.push(await ourRate(world, events, null));
  }
  for (const [name, values] of Object.entries(rates))
    console.log(`  ${name.padEnd(10)} ${values.map((rate) => rate.toFixed(0)).join(', ')}/s`);
  const [floor, ordered, unordered] = [medianOf(rates.floor), medianOf(rates.ordered), medianOf(rates.unordered)];
  printRatio('ordered to the floor program', ordered / floor, { least: 0.6 }, 1);
  printRatio('ordered to unordered', ordered / unordered, { least: 0.8 }, 1);
}

/** Records events at a pace; returns the milliseconds from each commit to its receipts. @param {World} world @param {string[]} accounts @param {{ events: number, everyMs: number, endpoints: string[] }} load */
async function delays(world, accounts, { events, everyMs, endpoints }) {
  await world.receipts();
  /** @type {Map<string, number>} */
  const committed = new Map();
  for (let n = 0; n < events; n += 1) {
    const accountId = accounts[n % accounts.length] ?? '';
    await recordEvent(world.pool, {
      workspaceId: world.workspaceId,
      environment: 'test',
      accountId,
      type: 'account.connected',
    });
    committed.set(accountId, now());
    await sleep(everyMs);
  }
  const { rows } = await world.pool.query('select id, account_id as "accountId" from outbox');
  const times = new Map(rows.map(({ id, accountId }) => [publicId('evt', id), committed.get(accountId) ?? NaN]));
  const receipts = await world.received(events * endpoints.length, 20);
  return receipts
    .filter(({ path }) => endpoints.includes(path))
    .map(({ eventId, at }) => at - (times.get(eventId) ?? NaN));
}

/** @param {PartContext} context */
export async function measureLatency({ world, share }) {
  printTitle('commit to receipt, idle');
  await world.clear();
  await world.makeWebhook('/0');
  const events = Math.round(200 * share);
  const accounts = await world.makeAccounts(events);
  await world.startWorker();
  await sleep(2_000);
  const times = await delays(world, accounts, { events, everyMs: 100, endpoints: ['/0'] });
  await world.stopWorkers();
  printRatio('p50', percentileOf(times, 0.5), { most: 40, unit: ' ms' }, 1);
  printRatio('p95', percentileOf(times, 0.95), { most: 150, unit: ' ms' }, 1);
}

/** @param {PartContext} context */
export async function measureHanging({ world, share }) {
  printTitle('one of 20 endpoints does not answer for 15 s a call');
  const events = Math.round(300 * share);
  const others = Array.from({ length: 19 }, (_, n) => `/${n}`);
  /** @type {number[]} */
  const p95 = [];
  for (const last of ['/19', '/hangs', '/19', '/hangs']) {
    await world.clear();
    for (const path of [...others, last]) await world.makeWebhook(path);
    const accounts = await world.makeAccounts(events);
    await world.startWorker();
    await sleep(2_000);
    p95.push(percentileOf(await delays(world, accounts, { events, everyMs: 50, endpoints: others }), 0.95));
    await world.stopWorkers();
  }
  const [first = NaN, hanging = NaN, second = NaN, again = NaN] = p95;
  console.log(
    `  p95 of the others: ${p95.map((time) => time.toFixed(1)).join(', ')} ms; the second and fourth beside one that hangs`,
  );
  printRatio('p95 with one that hangs to that without', (hanging + again) / (first + second), { most: 1.2 }, 1);
}

const FILL = `
  set session_replication_role = replica;
  with hook as (select id from webhooks), made as (
    insert into webhook_lanes (id, workspace_id, environment, webhook_id, key, next_attempt_at)
    select gen_random_uuid(), $1, 'test', hook.id, gen_random_uuid(), now() - interval '1 minute' from hook, generate_series(1, $2::int) returning id, webhook_id
  ), events as (
    insert into outbox (id, workspace_id, environment, type, payload)
    select gen_random_uuid(), $1, 'test', 'account.connected', '{}' from generate_series(1, $3::int) returning id, position
  ), numbered as (select id, position, row_number() over () as n from events), lanes as (select id, webhook_id, row_number() over () as n from made)
  insert into webhook_deliveries (id, workspace_id, environment, webhook_id, lane_id, event_id, event_type, position)
  select gen_random_uuid(), $1, 'test', lanes.webhook_id, lanes.id, numbered.id, 'account.connected', numbered.position
  from numbered join lanes on lanes.n = 1 + numbered.n % $2::int`;

/** @param {PartContext} context */
export async function measureBacklog({ world, share }) {
  const waiting = Math.round(1_000_000 * share);
  printTitle(`${waiting} deliveries that wait`);
  await world.clear();
  await world.makeWebhook('/0');
  const client = await world.pool.connect();
  const values = [world.workspaceId, Math.round(20_000 * share), waiting];
  const [before = '', fill = ''] = FILL.split(';');
  await client.query(before);
  await client.query(fill, values);
  client.release(true);
  await world.pool.query('vacuum analyze');
  /** @type {number[]} */
  const times = [];
  for (let n = 0; n < 100; n += 1) {
    const begun = performance.now();
    await claimDue(world.pool, { most: 40, perWebhook: 40, busy: [] });
    times.push(performance.now() - begun);
  }
  printRatio('a claim of 40 lanes, p50', percentileOf(times, 0.5), { most: 20, unit: ' ms' }, 1);
  printRatio('a claim of 40 lanes, p95', percentileOf(times, 0.95), { most: 20, unit: ' ms' }, 1);
  await world.pool.query(`update webhook_lanes set claim = null, next_attempt_at = now() - interval '1 minute'`);
  const worker = await world.startWorker();
  await world.receipts();
  await sleep(15_000);
  console.log(`  ${((await world.receipts()).length / 15).toFixed(0)} deliveries/s`);
  printRatio('memory of the worker, at most', await peakMemory(worker), { most: 200, unit: ' MB' }, 1);
  await world.stopWorkers();
}

const WRITERS = 8;

/** @param {World} world @param {string[]} accounts @param {number} seconds @returns {Promise<number>} commits a second */
async function commits(world, accounts, seconds) {
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  const write = async (/** @type {number} */ first) => {
    for (let n = first; performance.now() < end; n += WRITERS) {
      const accountId = accounts[n % accounts.length] ?? '';
      await recordEvent(world.pool, {
        workspaceId: world.workspaceId,
        environment: 'test',
        accountId,
        type: 'account.connected',
      });
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, n) => write(n)));
  return count / seconds;
}

/** @param {PartContext} context */
export async function measureNotify({ world, share }) {
  printTitle(`events committed a second by ${WRITERS} writers with one endpoint`);
  await world.clear();
  await world.makeWebhook('/0');
  const accounts = await world.makeAccounts(800);
  const { rows } = await world.pool.query(`select pg_get_functiondef('queue_deliveries'::regproc) as text`);
  const withNotify = rows[0].text;
  const without = withNotify.replace(/perform pg_notify[^;]*;/, 'null;');
  /** @type {[number[], number[]]} */
  const rates = [[], []];
  for (let round = 0; round < 4; round += 1) {
    for (const [at, text] of [withNotify, without].entries()) {
      await world.pool.query(text);
      rates[at]?.push(await commits(world, accounts, Math.max(1, 4 * share)));
    }
  }
  await world.pool.query(withNotify);
  const [notified, silent] = [medianOf(rates[0]), medianOf(rates[1])];
  console.log(
    `  ${notified.toFixed(0)}/s with NOTIFY, ${silent.toFixed(0)}/s without: ${(100 * (1 - notified / silent)).toFixed(0)} % less`,
  );
}
