import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Fault, Target } from '../plan/fault.js';
import { turnClock } from '../../support/database.js';
import { until } from '../../../tools/start/processes.mjs';
import { retryQuery } from './open-pool.js';
import { answerInjectors } from './answer-faults.js';
import { storageInjectors } from './storage-faults.js';
import { clockFileOf, journalIn } from './product-environment.js';
import type { SupervisedProcess } from './supervised-process.js';
import type { World } from './world.js';
import type { Injector, Injectors } from './injector.js';

const CRASH_LIMIT_MS = 30_000;
const DISK_SIZE = '64m';

/** Injects one fault and waits for its duration; false: the target was not running, and the fault does not count. */
export function injectFault(world: World, fault: Fault): Promise<boolean> {
  return (INJECTORS[fault.kind] as Injector<typeof fault.kind>)(world, fault);
}

/** Whether the next fault may come while this one lasts. */
export const overlaps = (fault: Fault): boolean => fault.kind === 'freeze';

/** Waits until the target of a signal is ready, so that the pause before a fault covers only the time in which it works. */
export async function untilTargetReady(world: World, fault: Fault): Promise<void> {
  if (fault.kind === 'signal') await pick(world, fault.target, fault.which)?.untilReady();
  if (['crash', 'journal', 'keys'].includes(fault.kind)) await pick(world, 'exchanger', 0)?.untilReady();
}

const INJECTORS: Injectors<Fault['kind']> = {
  signal: async (world, { target, signal, which }) => {
    const chosen = pick(world, target, which);
    if (!(await chosen?.untilReady())) return false;
    return signal === 'SIGTERM' ? (chosen?.restart() ?? false) : (chosen?.strike(signal) ?? false);
  },

  freeze: async (world, { target, which, lasts }) => {
    const chosen = pick(world, target, which);
    return (await chosen?.untilReady()) === true && (await chosen?.freeze(lasts)) === true;
  },

  postgres: async ({ options }, { away }) => {
    await options.databases.postgres.strike(away);
    return true;
  },

  redis: async ({ options }, { away }) => {
    await options.databases.redis?.strike(away);
    return options.databases.redis !== null;
  },

  flushall: async ({ options }) => {
    await options.databases.redis?.flush();
    return options.databases.redis !== null;
  },

  wire: async ({ proxy }, { how, afterBytes, lasts }) => {
    const before = proxy.broken;
    proxy.set({ how, afterBytes });
    await sleep(lasts);
    proxy.mend();
    return how === 'split' || proxy.broken > before;
  },

  ...answerInjectors,
  ...storageInjectors,

  clock: async (world, { target, ahead, lasts }) => {
    await stepClock(world, target, ahead);
    await sleep(lasts);
    await stepClock(world, target, 0);
    return true;
  },

  disk: async ({ settings }, { lasts }) => {
    const ballast = join(journalIn(settings.directory), 'ballast');
    const filled = spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k', 'count=4096'], { encoding: 'utf8' });
    await sleep(lasts);
    rmSync(ballast, { force: true });
    return filled.stderr.includes('No space left');
  },

  crash: async (world, { point, occurrence }) => {
    const [chosen] = world.processes.exchanger;
    if (!chosen || !(await chosen.untilReady())) return false;
    const { kills } = chosen;
    world.crashAt = `${point}:${occurrence}`;
    await chosen.restart();
    return until(() => chosen.kills > kills, CRASH_LIMIT_MS);
  },
};

/** Mounts a small disk for the journal; false: not permitted without root. */
export function mountJournal(directory: string): boolean {
  const folder = journalIn(directory);
  mkdirSync(folder, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE},mode=0700`, 'none', folder]).status === 0;
}

/** Whether this machine permits mounting a disk. */
export function canMountDisks(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'evergrant-faults-disk-'));
  const isMounted = mountJournal(directory);
  if (isMounted) unmountJournal(directory);
  rmSync(directory, { recursive: true, force: true });
  return isMounted;
}

export const unmountJournal = (directory: string): boolean => spawnSync('umount', [journalIn(directory)]).status === 0;

/** A process reads its clock from a file; the database's clock is the one that the product relies on. */
async function stepClock(
  { pool, settings, processes }: World,
  target: Target | 'database',
  ahead: number,
): Promise<void> {
  if (target === 'database') await retryQuery(() => turnClock(pool, `${ahead} milliseconds`));
  else for (const { name } of processes[target]) writeFileSync(clockFileOf(settings.directory, name), String(ahead));
}

/** The chosen process, or the next running one, so that a fault need not wait. */
function pick(world: World, target: Target, which: number): SupervisedProcess | undefined {
  const all = world.processes[target];
  const meant = which % Math.max(all.length, 1);
  return [...all.slice(meant), ...all.slice(0, meant)].find(({ isUp }) => isUp) ?? all[meant];
}
