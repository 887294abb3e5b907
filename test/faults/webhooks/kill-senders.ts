import { setTimeout as sleep } from 'node:timers/promises';
import { publicId } from '#persistence';
import { turnClock } from '../../support/database.js';
import { seededRandom } from '../outages/seeded-random.js';
import { retryQuery } from '../world/open-pool.js';
import { checkDeliveries, type Delivered } from './check-deliveries.js';
import { WebhookWorld, type WebhookWorldOptions } from './webhook-world.js';

export interface KillOptions extends Pick<WebhookWorldOptions, 'databases' | 'root'> {
  events: number;
  kills: number;
  accounts: number;
  /** The longest pause between two kills. */
  pauseMs: number;
  /** Whether the claims of killed workers end by a turned clock, instead of the time that they last. */
  turnsClock: boolean;
  seed: number;
  print: (line: string) => void;
}

export interface KillResult extends Delivered {
  kills: number;
  endpoints: number;
  seconds: number;
  waiting: number;
}

const ENDPOINTS = 2;
const EVENTS_EACH = 10;
const REFUSED_SHARE = 0.05;
const DRAIN_LIMIT_MS = 300_000;

/** Records events while workers, the API and PostgreSQL are killed, and compares what was committed with what was accepted. */
export async function killSenders(options: KillOptions): Promise<KillResult> {
  const { databases, accounts, root, seed, turnsClock } = options;
  const random = seededRandom(seed);
  const begun = Date.now();
  const world = await WebhookWorld.open({ databases, accounts, endpoints: ENDPOINTS, workers: 2, scale: 0.01, root });
  try {
    world.sink.answer = () => (random() < REFUSED_SHARE ? 500 : 200);
    const recorded = recordAll(world, options, random);
    const kills = await killAll(world, options, random);
    await recorded;
    if (turnsClock) await endClaims(world);
    const waiting = await drain(world);
    const committed = (await world.committed()).map((id) => publicId('evt', id));
    const found = checkDeliveries(committed, world.sink.accepted, world.endpoints);
    return { ...found, kills, waiting, endpoints: ENDPOINTS, seconds: Math.round((Date.now() - begun) / 1_000) };
  } finally {
    await world.close();
  }
}

/** Spread over the kills, so that events are under way at each of them. */
async function recordAll(world: WebhookWorld, { events, kills, pauseMs }: KillOptions, random: () => number) {
  const pause = (kills * pauseMs) / (events / EVENTS_EACH) / 2;
  for (let left = events; left > 0;) {
    const start = Math.floor(random() * (world.accounts.length - EVENTS_EACH));
    if (await world.record(world.accounts.slice(start, start + Math.min(left, EVENTS_EACH)))) left -= EVENTS_EACH;
    else await sleep(100);
    if (pause > 1) await sleep(pause);
  }
}

/** In turns, so that each of them is killed as often. Returns the number of kills that took place. */
async function killAll(
  world: WebhookWorld,
  { kills: planned, pauseMs, print }: KillOptions,
  random: () => number,
): Promise<number> {
  const { databases } = world.options;
  let kills = 0;
  while (kills < planned) {
    await sleep(random() * pauseMs);
    const processes = [...world.workers, world.api];
    const target = processes[kills % (processes.length + 1)];
    if (target) {
      await target.untilReady();
      if (!target.strike('SIGKILL')) continue;
    } else await databases.postgres.strike(random() * 300);
    kills += 1;
    print(`${kills}: ${target?.name ?? 'PostgreSQL'}`);
  }
  await Promise.all([...world.workers, world.api].map((process) => process.untilReady()));
  return kills;
}

/** The attempts that are under way end first: their claims are held by processes that run. */
async function endClaims(world: WebhookWorld): Promise<void> {
  await sleep(1_000);
  await retryQuery(() => turnClock(world.pool, '61 seconds'));
}

/** Returns how many deliveries still wait at the end of the time. */
async function drain(world: WebhookWorld): Promise<number> {
  const end = Date.now() + DRAIN_LIMIT_MS;
  let waiting = await world.waiting();
  while (waiting > 0 && Date.now() < end) {
    await sleep(250);
    waiting = await world.waiting();
  }
  return waiting;
}
