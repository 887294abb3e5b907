import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryOf } from '../../tools/start/app-process.mjs';
import { commandOf, signal, until } from '../../tools/start/processes.mjs';
import { ROOT } from '../../tools/start/root.mjs';
import { spawnSync } from 'node:child_process';
import { processesOf } from './launch.mjs';

/** The number of one process of a running service; see service-processes.d.mts. */
export function processOf(home, name) {
  if (name === 'postgres') return Number(readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  const entry = `dist/apps/${name}/src/main.js`;
  const found = processesOf(home).filter((pid) => commandOf(pid)?.includes(entry));
  if (found.length !== 1) throw new Error(`${found.length} processes run ${entry}`);
  return found[0];
}

/** Sends a signal to it; see service-processes.d.mts. */
export async function strike(home, name, kind) {
  const pid = processOf(home, name);
  signal(pid, kind);
  if (kind === 'SIGKILL') await until(() => commandOf(pid) === undefined, 5_000);
}

/** Where its embedded PostgreSQL is; see service-processes.d.mts. */
export function databaseUrlOf(home) {
  const port = readFileSync(join(home, 'postgres/postmaster.pid'), 'utf8').split('\n')[3];
  const password = readFileSync(join(home, 'postgres.password'), 'utf8');
  return `postgres://evergrant:${password}@127.0.0.1:${port}/evergrant`;
}

/** A dashboard token; see service-processes.d.mts. */
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
