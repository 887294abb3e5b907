import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerKind } from '../authorization-servers/contract.js';
import { collectFacts } from '../check/collect-facts.js';
import { drain, endClaims } from '../check/drain.js';
import { breachesOf, isFalseAlarm, isLost, isReported } from '../check/invariants.js';
import { keepEvidence, keepsEvidence } from '../check/keep-evidence.js';
import { inspectExchangers } from '../check/inspect-exchangers.js';
import type { Counts } from '../figures/outcome.js';
import { Feeder } from '../load/feeder.js';
import { drawPlan, seedOf } from '../plan/draw-plan.js';
import { describeFault } from '../plan/fault.js';
import type { Databases } from '../world/databases.js';
import { injectFault, mountJournal, overlaps, unmountJournal, untilTargetReady } from '../world/inject-fault.js';
import { World } from '../world/world.js';
import type { Row } from './row.js';
import { Stopwatch } from './stopwatch.js';

export interface RowSettings {
  databases: Databases;
  seed: number;
  kind: ServerKind;
  queue: 'postgres' | 'redis';
  accounts: number;
  /** A built tree with an intentional defect. */
  root?: string;
  print: (line: string) => void;
}

/** A row that does not reach its figure within this time has missed it. */
const ROW_LIMIT_MS = 45 * 60_000;
const WARM_UP_ROTATIONS = 10;

/** Runs one row: load, the planned faults, drain and checks. */
export async function runRow(row: Row, settings: RowSettings): Promise<Counts> {
  const watch = new Stopwatch();
  const world = await openWorld(row, settings);
  try {
    watch.lap('to start');
    const openAtExit = inspectExchangers(world);
    const feeder = feed(world);
    const faults = await injectPlannedFaults(row, world, settings);
    watch.lap('under faults');
    world.proxy.mend();
    await world.platform.heal();
    await feeder.stop();
    watch.lap('for callers');
    if (row.outlivedClaims) await endClaims(world);
    const late = await drain(world);
    watch.lap('to drain');
    await world.stopProcesses();
    watch.lap('to stop');
    const facts = await collectFacts(world, { revoked: new Set(), journaled: openAtExit.journaled, late });
    watch.lap('to check');
    settings.print(watch.laps);
    if (keepsEvidence()) await keepEvidence(world, facts);
    const lost = facts.accounts.filter((account) => isLost(account, facts.platform));
    return {
      faults,
      rotations: facts.platform.sends.filter(({ rotated }) => rotated).length,
      lost: lost.length,
      reported: lost.filter(isReported).length,
      falseAlarms: facts.accounts.filter((account) => isFalseAlarm(account, facts.platform)).length,
      seconds: watch.seconds,
      inFlight: openAtExit.inFlight.size,
      breaches: breachesOf(facts).filter(({ invariant }) => !row.without?.includes(invariant)),
    };
  } finally {
    await world.close();
    if (row.needsDisk) unmountJournal(world.settings.directory);
  }
}

function openWorld(row: Row, { databases, kind, queue, accounts, root }: Omit<RowSettings, 'print'>): Promise<World> {
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

/** Injects faults until the figure has enough faults and rotations; returns the number of faults that took place. */
async function injectPlannedFaults(
  row: Row,
  world: World,
  { seed, print }: Pick<RowSettings, 'seed' | 'print'>,
): Promise<number> {
  const plan = drawPlan(row.plan, seedOf(seed, row.name));
  const end = Date.now() + ROW_LIMIT_MS;
  const progress = new Progress(world);
  const lasting = new Set<Promise<void>>();
  let faults = 0;
  await rotationsReach(world, WARM_UP_ROTATIONS, end);
  const isDone = async (): Promise<boolean> =>
    (await progress.hasStopped()) || (faults >= row.figure.faults && progress.rotations >= row.figure.rotations);
  for (let index = 0; Date.now() < end && !(await isDone()); index += 1) {
    const planned = plan[index % plan.length];
    if (!planned || (row.capped && faults >= row.figure.faults)) {
      await rotationsReach(world, row.figure.rotations, end);
      break;
    }
    await untilTargetReady(world, planned.fault);
    await sleep(planned.pause);
    const injected = injectFault(world, planned.fault).then((happened) => {
      print(`${describeFault(planned.fault)}${happened ? '' : ' (did not take place)'}`);
      if (happened) faults += 1;
    });
    lasting.add(injected);
    void injected.finally(() => lasting.delete(injected));
    if (!overlaps(planned.fault)) await injected;
  }
  await Promise.all(lasting);
  return faults;
}

/** Without a rotation for this time the product has stopped working, and the row ends. */
const NO_PROGRESS_LIMIT_MS = 100_000;

class Progress {
  rotations = 0;
  #since = Date.now();

  constructor(private readonly world: World) {}

  async hasStopped(): Promise<boolean> {
    const { rotations } = await this.world.platform.counters();
    if (rotations > this.rotations) this.#since = Date.now();
    this.rotations = rotations;
    return Date.now() - this.#since > NO_PROGRESS_LIMIT_MS;
  }
}

async function rotationsReach(world: World, goal: number, end: number): Promise<void> {
  const progress = new Progress(world);
  while (Date.now() < end && !(await progress.hasStopped()) && progress.rotations < goal) await sleep(500);
}
