import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { birthOf, until } from '../../tools/start/processes.mjs';
import { ROOT } from '../../tools/start/root.mjs';

// Milliseconds.
const READY_WITHIN = 150_000;

/**
 * `npm start`, running. `exited` resolves to its exit code, or to the name of the signal that ended it; `output` returns all
 * that it has written so far; `ready` resolves when it prints its greeting, and rejects with its output when it ends before.
 * @typedef {{ readonly pid: number, readonly exited: Promise<number | string>, output(): string, ready(): Promise<void>,
 *   signal(name: NodeJS.Signals): void }} Launched
 */

/**
 * Starts the real service as a person does, on its own embedded PostgreSQL; `REDIS_URL` goes through, and `variables` precede
 * what this process has.
 * @param {{ home: string, port: number, sandboxPort: number, variables?: NodeJS.ProcessEnv }} options
 * @returns {Launched}
 */
export function launch({ home, port, sandboxPort, variables }) {
  const { DATABASE_URL: _, ...env } = process.env;
  const own = {
    EVERGRANT_HOME: home,
    PORT: String(port),
    SANDBOX_PORT: String(sandboxPort),
    npm_lifecycle_event: 'test',
  };
  const child = spawn(process.execPath, ['tools/start/start.mjs'], {
    cwd: ROOT,
    detached: true,
    env: { ...env, ...variables, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  let ended = false;
  /** @type {Promise<number | string>} */
  const exited = new Promise((settle) => child.once('exit', (code, signal) => settle(signal ?? code))).finally(
    () => (ended = true),
  );
  const { pid } = child;
  if (pid === undefined) throw new Error('npm start could not be started');
  return {
    pid,
    exited,
    output: () => output,
    ready: async () => {
      await until(() => ended || output.includes('Evergrant is ready'), READY_WITHIN);
      if (!output.includes('Evergrant is ready')) throw new Error(`the service did not start\n${output}`);
    },
    signal: (name) => process.kill(pid, name),
  };
}

/**
 * The ids of the running processes that a launcher started in `home`, with PostgreSQL.
 * @param {string} home
 */
export function processesOf(home) {
  /** @type {import('../../tools/start/lock.mjs').Lock} */
  const { children } = JSON.parse(readFileSync(join(home, 'launcher.json'), 'utf8'));
  const lock = join(home, 'postgres/postmaster.pid');
  const postgres = existsSync(lock) ? [Number(readFileSync(lock, 'utf8').split('\n')[0])] : [];
  return [...children.map(({ pid }) => pid), ...postgres].filter((pid) => birthOf(pid) !== undefined);
}

/**
 * The processes that still run after `milliseconds`.
 * @param {number[]} pids
 * @param {number} milliseconds
 */
export async function survivors(pids, milliseconds) {
  const running = () => pids.filter((pid) => birthOf(pid) !== undefined);
  await until(() => running().length === 0, milliseconds);
  return running();
}
