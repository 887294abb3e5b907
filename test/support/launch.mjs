import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { birthOf, until } from '../../tools/start/processes.mjs';
import { ROOT } from '../../tools/start/root.mjs';

const READY_WITHIN = 150_000;

/** Starts the real service as a person does; see launch.d.mts. */
export function launch({ home, port, sandboxPort }) {
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
    env: { ...env, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  let ended = false;
  const exited = new Promise((settle) => child.once('exit', (code, signal) => settle(signal ?? code))).finally(
    () => (ended = true),
  );
  return {
    pid: child.pid,
    exited,
    output: () => output,
    ready: async () => {
      await until(() => ended || output.includes('Evergrant is ready'), READY_WITHIN);
      if (!output.includes('Evergrant is ready')) throw new Error(`the service did not start\n${output}`);
    },
    signal: (name) => process.kill(child.pid, name),
  };
}

/** The processes that a launcher started in `home`; see launch.d.mts. */
export function processesOf(home) {
  const { children } = JSON.parse(readFileSync(join(home, 'launcher.json'), 'utf8'));
  const lock = join(home, 'postgres/postmaster.pid');
  const postgres = existsSync(lock) ? [Number(readFileSync(lock, 'utf8').split('\n')[0])] : [];
  return [...children.map(({ pid }) => pid), ...postgres].filter((pid) => birthOf(pid) !== undefined);
}

/** Which of them still run after a while; see launch.d.mts. */
export async function survivors(pids, milliseconds) {
  const running = () => pids.filter((pid) => birthOf(pid) !== undefined);
  await until(() => running().length === 0, milliseconds);
  return running();
}
