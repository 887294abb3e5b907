import { setTimeout as sleep } from 'node:timers/promises';
import { grantRefresh } from '#jobs';
import { turnClock } from '../../support/database.js';
import { retryQuery } from '../world/open-pool.js';
import type { World } from '../world/world.js';

/** Invariant I5: the time in milliseconds after the last fault within which every grant is decided. */
const DECISION_LIMIT_MS = 60_000;
const POLL_INTERVAL_MS = 500;
/** The longest time that an exchange waits for its answer. */
const TOKEN_DEADLINE_MS = 120_000;

const UNDECIDED = `
  select count(*)::int as count from grants
  where refresh_state in ('claimed', 'in_flight') or (refresh_state = 'unknown' and ended_reason is null)
    or (refresh_state in ('backoff', 'confirm') and refresh_due_at <= db_now())`;

const DUE = `
  select id from grants where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') and refresh_due_at <= db_now()`;

const DEGRADED = `select count(*)::int as count from accounts where health = 'degraded'`;

/** Minutes by which the database clock is advanced until no account is degraded. */
const CLOCK_STEPS_MIN = [2, 10, 20, 40, 75];

const HELD = `select id from grants where refresh_state in ('claimed', 'in_flight') or (refresh_state = 'unknown' and ended_reason is null)`;

/**
 * Waits until every exchange is finished, at most one minute after the last answer; then advances the database clock until no
 * account is degraded. Returns the ids of the grants that were not decided within that minute.
 */
export async function drain(world: World): Promise<string[]> {
  await Promise.all(world.all.map((process) => process.untilReady()));
  await awaitAnswers(world);
  // After a calm period, a claimed grant has become due later and is not late.
  const isCalm = await awaitDecisions(world, DECISION_LIMIT_MS);
  const late = isCalm ? [] : (await retryQuery(() => world.pool.query<{ id: string }>(HELD))).rows;
  for (const minutes of CLOCK_STEPS_MIN) {
    if ((await count(world, DEGRADED)) === 0) break;
    await retryQuery(() => turnClock(world.pool, `${minutes} minutes`));
    await awaitDecisions(world, DECISION_LIMIT_MS / 2);
  }
  return late.map(({ id }) => id);
}

/** The end of a claim, and the time that a called holder has to confirm it. */
const CLAIM_SEC = 150 + 20;

/** Advances the clock of the database to the end of every claim. */
export const endClaims = async ({ pool }: World): Promise<void> =>
  retryQuery(() => turnClock(pool, `${CLAIM_SEC} seconds`));

/** Waits until the platform has answered every request: a slow answer is a fault that has not ended. */
async function awaitAnswers({ platform }: World): Promise<void> {
  const end = Date.now() + TOKEN_DEADLINE_MS;
  while (Date.now() < end && (await platform.uses()).some(({ result }) => result === null))
    await sleep(POLL_INTERVAL_MS);
}

/** Waits until two checks in a row find no undecided grant; false after `limit` ms. A due grant without a claim is not undecided. */
async function awaitDecisions(world: World, limit: number): Promise<boolean> {
  const end = Date.now() + limit;
  let calm = 0;
  while (Date.now() < end && calm < 2) {
    await enqueueDue(world).catch(() => undefined);
    calm = (await count(world, UNDECIDED)) === 0 ? calm + 1 : 0;
    await sleep(POLL_INTERVAL_MS);
  }
  return calm === 2;
}

/** Enqueues the due grants, as the sweep does at longer intervals. */
async function enqueueDue({ pool, queue }: World): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(DUE);
  await queue?.enqueueAll(
    grantRefresh,
    rows.map(({ id }) => ({ grantId: id })),
  );
}

const count = async ({ pool }: World, sql: string): Promise<number> =>
  (await retryQuery(() => pool.query<{ count: number }>(sql))).rows[0]?.count ?? 0;
