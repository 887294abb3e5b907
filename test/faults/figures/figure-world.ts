import { setTimeout as sleep } from 'node:timers/promises';
import { grantRefresh } from '#jobs';
import { retryQuery } from '../world/open-pool.js';
import { World } from '../world/world.js';
import type { PromiseSettings } from './promised-figures.js';

interface FigureWorldOptions {
  accounts: number;
  graceSeconds: number;
  workers?: number;
  apis?: number;
  stepsClocks?: boolean;
  /** Milliseconds between the rotation and its answer. */
  delayAfter?: number;
}

/** The environment of one figure: the product without load. */
export function openFigureWorld(
  { databases, kind }: PromiseSettings,
  { accounts, graceSeconds, workers = 2, apis = 0, stepsClocks = false, delayAfter = 20 }: FigureWorldOptions,
): Promise<World> {
  return World.open({
    databases,
    queue: 'postgres',
    accounts,
    design: 'product',
    platform: { kind, graceSeconds, delayBefore: 5, delayAfter },
    workers,
    apis,
    concurrency: 5,
    stepsClocks,
  });
}

const MAKE_DUE = `
  update grants set refresh_due_at = db_now(), issued_at = db_now() - interval '2 hours'
  where refresh_state = 'idle' returning id`;

/** Makes every idle grant due, and enqueues it as the sweep does. */
export async function makeAllDue({ pool, queue }: World): Promise<number> {
  const { rows } = await retryQuery(() => pool.query<{ id: string }>(MAKE_DUE));
  await queue?.enqueueAll(
    grantRefresh,
    rows.map(({ id }) => ({ grantId: id })),
  );
  return rows.length;
}

const REFRESHED = `select count(*)::int as count from grants where token_version >= $1 and refresh_state = 'idle'`;
const POLL_INTERVAL_MS = 200;

/** Waits until `count` grants have this version; returns the number that have it at the end. */
export async function awaitRefreshes(
  { pool }: World,
  { version, count, within }: { version: number; count: number; within: number },
): Promise<number> {
  const end = Date.now() + within;
  for (;;) {
    const { rows } = await retryQuery(() => pool.query<{ count: number }>(REFRESHED, [version]));
    const reached = rows[0]?.count ?? 0;
    if (reached >= count || Date.now() > end) return reached;
    await sleep(POLL_INTERVAL_MS);
  }
}
