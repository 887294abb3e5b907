import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './errors.mjs';

/**
 * The command line of a process, its arguments separated by spaces; undefined after its end.
 * @param {number} pid
 */
export function commandOf(pid) {
  if (process.platform === 'linux') return readProc(pid, 'cmdline')?.replaceAll('\0', ' ').trim() || undefined;
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() || undefined;
}

/**
 * The start time of a process, which distinguishes it from a later one with the same number; undefined after its end.
 * @param {number} pid
 */
export function birthOf(pid) {
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() || undefined;
  }
  const [state, ...fields] =
    readProc(pid, 'stat')
      ?.replace(/^.*\) /s, '')
      .split(' ') ?? [];
  return state === undefined || state === 'Z' ? undefined : fields[18];
}

/**
 * Sends a signal to a process that may have ended already.
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/**
 * Waits until `done` holds, with a check every `pause` milliseconds; false after `milliseconds`.
 * @param {() => boolean | Promise<boolean>} done
 * @param {number} milliseconds
 * @param {number} [pause]
 */
export async function until(done, milliseconds, pause = 20) {
  const end = Date.now() + milliseconds;
  while (!(await done())) {
    if (Date.now() > end) return false;
    await sleep(pause);
  }
  return true;
}

/**
 * @param {number} pid
 * @param {string} file
 */
function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
