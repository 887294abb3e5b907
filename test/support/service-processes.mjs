import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryOf } from '../../tools/start/app-process.mjs';
import { commandOf, signal, until } from '../../tools/start/processes.mjs';
import { ROOT } from '../../tools/start/root.mjs';
import { spawnSync } from 'node:child_process';
import { processesOf } from './launch.mjs';

/**
 * A process of a service.
 * @typedef {'api' | 'worker' | 'exchanger' | 'sandbox' | 'postgres'} ProcessName
 */

/**
 * The id of one process of the service that runs in `home`; throws when there is not exactly one.
 * @param {string} home
 * @param {ProcessName} name
 */
export function processOf(home, name) {
  if (name === 'postgres') return Number(readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  const entry = `dist/bundle/${name}.js`;
  const found = processesOf(home).filter((pid) => commandOf(pid)?.includes(entry));
  const [pid] = found;
  if (pid === undefined || found.length > 1) throw new Error(`${found.length} processes run ${entry}`);
  return pid;
}

/**
 * Sends a signal to a process; after SIGKILL it has ended when this resolves.
 * @param {string} home
 * @param {ProcessName} name
 * @param {NodeJS.Signals} kind
 */
export async function strike(home, name, kind) {
  const pid = processOf(home, name);
  signal(pid, kind);
  if (kind === 'SIGKILL') await until(() => commandOf(pid) === undefined, 5_000);
}

/**
 * The URL of the embedded PostgreSQL of that service, for tests that turn its clock.
 * @param {string} home
 */
export function databaseUrlOf(home) {
  const port = readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n')[3];
  const password = readFileSync(join(home, 'postgres.password'), 'utf8');
  return `postgres://evergrant:${password}@127.0.0.1:${port}/evergrant`;
}

/**
 * What `npm run token` prints for a workspace of that service.
 * @param {string} home
 * @param {string} workspace
 */
export function dashboardToken(home, workspace) {
  const args = [entryOf('cli'), 'token', '--workspace', workspace];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, EVERGRANT_HOME: home },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
