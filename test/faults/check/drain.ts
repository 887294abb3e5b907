import { setTimeout as sleep } from 'node:timers/promises';
import { grantRefresh } from '#jobs';
import { turnClock } from '../../support/database.js';
import { insist } from '../world/open-pool.js';
import type { World } from '../world/world.js';

/** The promise I5: so long after the last fault may something be undecided. */
const WITHIN = 60_000;
const QUIET = 500;
/** No exchange waits for longer. */
const TOKEN_DEADLINE = 120_000;

const UNDECIDED = `
  select count(*)::int as count from grants
  where refresh_state in ('claimed', 'in_flight') or (refresh_state = 'unknown' and ended_reason is null)
    or (refresh_state in ('backoff', 'confirm') and refresh_due_at <= db_now())`;

const DUE = `
  select id from grants where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and refresh_due_at <= db_now()`;

const DOUBTED = `select count(*)::int as count from accounts where health = 'degraded'`;

/** How far the clock is turned to see what becomes of the doubted, in all, in minutes. */
const LATER = [2, 10, 20, 40, 75];

const HELD = `select id from grants where refresh_state in ('claimed', 'in_flight') or (refresh_state = 'unknown' and ended_reason is null)`;

/**
 * Lets everything that was begun come to an end, at the latest within a minute of the last answer; then lets time pass for
 * what is doubted. The grants about which nothing was decided in that minute are returned.
 */
export async function drain(world: World): Promise<string[]> {
  await Promise.all(world.all.map((process) => process.untilReady()));
  await answers(world);
  // Once nothing is undecided, a grant that is held has come due since then.
  const isCalm = await settle(world, WITHIN);
  const late = isCalm ? [] : (await insist(() => world.pool.query<{ id: string }>(HELD))).rows;
  for (const minutes of LATER) {
    if ((await count(world, DOUBTED)) === 0) break;
    await insist(() => turnClock(world.pool, `${minutes} minutes`));
    await settle(world, WITHIN / 2);
  }
  return late.map(({ id }) => id);
}

/** Until the platform has answered all that reached it: a slow answer is a fault that still lasts. */
async function answers({ platform }: World): Promise<void> {
  const end = Date.now() + TOKEN_DEADLINE;
  while (Date.now() < end && (await platform.uses()).some(({ result }) => result === null)) await sleep(QUIET);
}

/** Waits until nothing is undecided, twice in a row: true; false after `within` ms. A grant that is only due has not begun. */
async function settle(world: World, within: number): Promise<boolean> {
  const end = Date.now() + within;
  let calm = 0;
  while (Date.now() < end && calm < 2) {
    await wake(world).catch(() => undefined);
    calm = (await count(world, UNDECIDED)) === 0 ? calm + 1 : 0;
    await sleep(QUIET);
  }
  return calm === 2;
}

/** As the sweep does, only sooner. */
async function wake({ pool, queue }: World): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(DUE);
  await queue?.enqueueAll(
    grantRefresh,
    rows.map(({ id }) => ({ grantId: id })),
  );
}

const count = async ({ pool }: World, sql: string): Promise<number> =>
  (await insist(() => pool.query<{ count: number }>(sql))).rows[0]?.count ?? 0;
