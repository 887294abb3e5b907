import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readObject, writeDurably } from './home.mjs';
import { birthOf, signal, until } from './processes.mjs';
import { StartError } from './errors.mjs';

// Milliseconds.
const LEAVE_WITHIN = 10_000;

/**
 * A process with its start time, and the content of the lock file.
 * @typedef {{ pid: number, birth?: string | undefined }} Identity
 * @typedef {Identity & { children: Identity[] }} Lock
 */

/**
 * Holds EVERGRANT_HOME for this launcher and records in it the processes that it runs, so that the launcher after a
 * `kill -9` finds which of them may still be ending. Throws a StartError when another launcher holds it.
 * @param {string} home
 */
export async function lockHome(home) {
  const path = join(home, 'launcher.json');
  /** @type {Partial<Lock>} */
  const before = readObject(path) ?? {};
  if (before.pid !== undefined && isRunning({ pid: before.pid, birth: before.birth })) {
    throw new StartError(
      `Evergrant is running already on ${home} (process ${before.pid}). Stop that one, or set EVERGRANT_HOME (and PORT, SANDBOX_PORT) for a second one.`,
    );
  }
  await outlive(before.children ?? []);
  /** @type {Lock} */
  const held = { ...identify(process.pid), children: [] };
  const write = () => writeDurably(path, `${JSON.stringify(held)}\n`);
  write();
  return {
    /** @param {number} pid */
    record(pid) {
      held.children = [...held.children.filter(isRunning), identify(pid)];
      write();
    },
    release: () => rmSync(path, { force: true }),
  };
}

/**
 * @param {number} pid
 * @returns {Identity}
 */
const identify = (pid) => ({ pid, birth: birthOf(pid) });
/** @param {Identity} identity */
const isRunning = ({ pid, birth }) => birth !== undefined && birthOf(pid) === birth;

/**
 * Processes end by themselves when their launcher is gone; one that does not gets SIGKILL.
 * @param {Identity[]} children
 */
async function outlive(children) {
  const gone = () => !children.some(isRunning);
  if (await until(gone, LEAVE_WITHIN)) return;
  for (const child of children.filter(isRunning)) signal(child.pid, 'SIGKILL');
  await until(gone, LEAVE_WITHIN);
}
