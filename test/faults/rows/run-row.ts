import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerKind } from '../authorization-servers/contract.js';
import { collectFacts } from '../check/collect-facts.js';
import { drain } from '../check/drain.js';
import { breachesOf, isFalseDeath, isLost, isReported } from '../check/invariants.js';
import { keepEvidence, keepsEvidence } from '../check/keep-evidence.js';
import { lookAtExchangers } from '../check/look-at-exchangers.js';
import type { Counts } from '../figures/outcome.js';
import { Feeder } from '../load/feeder.js';
import { drawPlan, seedOf } from '../plan/draw-plan.js';
import { tellFault } from '../plan/fault.js';
import type { Databases } from '../world/databases.js';
import { mountJournal, overlaps, strike, unmountJournal, untilStrikable } from '../world/strike.js';
import { World } from '../world/world.js';
import type { Row } from './row.js';
import { Stopwatch } from './stopwatch.js';

export interface RowSettings {
  databases: Databases;
  seed: number;
  kind: ServerKind;
  queue: 'postgres' | 'redis';
  accounts: number;
  /** A built tree that was broken on purpose. */
  root?: string;
  say: (line: string) => void;
}

/** A row that does not come to its figure by then has missed it. */
const LONGEST = 45 * 60_000;
const WARM = 10;

/** Runs one row: load, faults by its plan, drain, and the questions afterwards. */
export async function runRow(row: Row, settings: RowSettings): Promise<Counts> {
  const watch = new Stopwatch();
  const world = await openWorld(row, settings);
  try {
    watch.lap('to start');
    const autopsies = lookAtExchangers(world);
    const feeder = feed(world);
    const faults = await strikeByPlan(row, world, settings);
    watch.lap('under faults');
    world.proxy.mend();
    await world.platform.heal();
    await feeder.stop();
    watch.lap('for callers');
    const late = await drain(world);
    watch.lap('to drain');
    await world.stopProcesses();
    watch.lap('to stop');
    const facts = await collectFacts(world, { revoked: new Set(), journaled: autopsies.journaled, late });
    watch.lap('to look');
    settings.say(watch.laps);
    if (keepsEvidence()) await keepEvidence(world, facts);
    const lost = facts.accounts.filter((account) => isLost(account, facts.platform));
    return {
      faults,
      rotations: facts.platform.sends.filter(({ rotated }) => rotated).length,
      lost: lost.length,
      reported: lost.filter(isReported).length,
      falseDeaths: facts.accounts.filter((account) => isFalseDeath(account, facts.platform)).length,
      seconds: watch.seconds,
      inFlight: autopsies.inFlight.size,
      breaches: breachesOf(facts),
    };
  } finally {
    await world.close();
    if (row.needsDisk) unmountJournal(world.settings.directory);
  }
}

function openWorld(row: Row, { databases, kind, queue, accounts, root }: Omit<RowSettings, 'say'>): Promise<World> {
  return World.open({
    databases,
    queue,
    accounts,
    design: row.design,
    platform: { kind, graceSeconds: row.graceSeconds, delayBefore: 10, delayAfter: 80 },
    workers: 2,
    apis: row.design === 'control' ? 0 : 2,
    concurrency: 5,
    stepsClocks: row.stepsClocks ?? false,
    ...(row.needsDisk && { prepare: mountJournal }),
    ...(root !== undefined && { root }),
  });
}

function feed({ pool, queue, apis, population, options }: World): Feeder {
  const feeder = new Feeder({
    pool,
    queue,
    apis,
    apiKey: population.apiKey,
    due: 2 * options.workers * options.concurrency,
  });
  feeder.start();
  return feeder;
}

/** Strikes until there were enough faults and enough rotations; how many faults took place. */
async function strikeByPlan(row: Row, world: World, { seed, say }: Pick<RowSettings, 'seed' | 'say'>): Promise<number> {
  const plan = drawPlan(row.plan, seedOf(seed, row.name));
  const end = Date.now() + LONGEST;
  const progress = new Progress(world);
  const lasting = new Set<Promise<void>>();
  let faults = 0;
  await rotationsReach(world, WARM, end);
  const isDone = async (): Promise<boolean> =>
    (await progress.hasStopped()) || (faults >= row.figure.faults && progress.rotations >= row.figure.rotations);
  for (let index = 0; Date.now() < end && !(await isDone()); index += 1) {
    const planned = plan[index % plan.length];
    if (!planned || (row.capped && faults >= row.figure.faults)) {
      await rotationsReach(world, row.figure.rotations, end);
      break;
    }
    await untilStrikable(world, planned.fault);
    await sleep(planned.pause);
    const struck = strike(world, planned.fault).then((happened) => {
      say(`${tellFault(planned.fault)}${happened ? '' : ' (did not take place)'}`);
      if (happened) faults += 1;
    });
    lasting.add(struck);
    void struck.finally(() => lasting.delete(struck));
    if (!overlaps(planned.fault)) await struck;
  }
  await Promise.all(lasting);
  return faults;
}

/** No rotation for so long is a product that has stopped working: it has missed its row, and nobody waits on. */
const STOPPED_AFTER = 100_000;

class Progress {
  rotations = 0;
  #since = Date.now();

  constructor(private readonly world: World) {}

  async hasStopped(): Promise<boolean> {
    const { rotations } = await this.world.platform.counters();
    if (rotations > this.rotations) this.#since = Date.now();
    this.rotations = rotations;
    return Date.now() - this.#since > STOPPED_AFTER;
  }
}

async function rotationsReach(world: World, wanted: number, end: number): Promise<void> {
  const progress = new Progress(world);
  while (Date.now() < end && !(await progress.hasStopped()) && progress.rotations < wanted) await sleep(500);
}
