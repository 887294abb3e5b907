import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { splitLines } from './log-lines.mjs';
import { signal } from './processes.mjs';
import { ROOT } from './root.mjs';

// Milliseconds; longer than any process needs: the exchanger waits for the answers to its running exchanges.
const STOPPED_WITHIN = 160_000;

/**
 * A running app. `exited` resolves to the signal or the exit code that ended it; `startFailure` is the app's own sentence.
 * @typedef {{ exited: Promise<string>, ready: Promise<void>, startFailure(): string | undefined, stop(): Promise<void> }} LaunchedApp
 */

/**
 * The bundled entry of an app, relative to the repository.
 * @param {string} app
 */
export const bundleOf = (app) => `dist/bundle/${app}.js`;

/**
 * The bundled entry of an app; the compiled one where the files that a flow runs are counted (tools/structure).
 * @param {string} app
 */
export const entryOf = (app) => join(ROOT, process.env.COVERAGE_DIST ? `dist/apps/${app}/src/main.js` : bundleOf(app));

/**
 * Starts an app. It leads a process group of its own, so that Ctrl-C reaches the launcher alone, which keeps the order; it
 * ends automatically when the channel to its launcher closes.
 * @param {{ entry: string, env: NodeJS.ProcessEnv, nodeOptions?: string[] | undefined, onLine: (line: string) => void,
 *   onStart: (pid: number) => void }} options
 * @returns {LaunchedApp}
 */
export function launchApp({ entry, env, nodeOptions = [], onLine, onStart }) {
  const child = spawn(process.execPath, [...nodeOptions, entry], {
    env,
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', splitLines(onLine));
  let gone = false;
  /** @type {Promise<string>} */
  const exited = new Promise((settle) => {
    child.once('spawn', () => child.pid !== undefined && onStart(child.pid));
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, name) => settle(name ?? `code ${code}`));
  }).finally(() => (gone = true));
  /** @type {string | undefined} */
  let failure;
  /** @type {Promise<void>} */
  const ready = new Promise((settle) => {
    child.on('message', (message) => {
      if (message === 'ready') settle();
      else if (typeof message === 'object' && 'startFailed' in message) failure = String(message.startFailed);
    });
  });
  return { exited, ready, startFailure: () => failure, stop: () => stop(child, exited, () => gone) };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {Promise<string>} exited
 * @param {() => boolean} isGone
 */
async function stop(child, exited, isGone) {
  const { pid } = child;
  if (isGone() || pid === undefined) return;
  signal(pid, 'SIGTERM');
  const late = setTimeout(() => signal(pid, 'SIGKILL'), STOPPED_WITHIN);
  await exited;
  clearTimeout(late);
}
