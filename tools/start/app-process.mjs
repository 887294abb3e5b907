import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { splitLines } from './log-lines.mjs';
import { signal } from './processes.mjs';
import { ROOT } from './root.mjs';

// Later than any process leaves of itself: the exchanger first hears what a platform answers to its running exchanges.
const STOPPED_WITHIN = 160_000;

/** The built entry of an app. */
export const entryOf = (app) => join(ROOT, 'dist/apps', app, 'src/main.js');

/**
 * One of our processes. It leads a group of its own, so that Ctrl-C reaches the launcher alone, which keeps the order;
 * it leaves by itself when the channel to its launcher breaks.
 */
export function launchApp({ entry, env, nodeOptions = [], onLine, onStart }) {
  const child = spawn(process.execPath, [...nodeOptions, entry], {
    env,
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', splitLines(onLine));
  let gone = false;
  const exited = new Promise((settle) => {
    child.once('spawn', () => onStart(child.pid));
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, name) => settle(name ?? `code ${code}`));
  }).finally(() => (gone = true));
  const ready = new Promise((settle) => {
    child.on('message', (message) => message === 'ready' && settle());
  });
  return { exited, ready, stop: () => stop(child, exited, () => gone) };
}

async function stop(child, exited, isGone) {
  if (isGone()) return;
  signal(child.pid, 'SIGTERM');
  const late = setTimeout(() => signal(child.pid, 'SIGKILL'), STOPPED_WITHIN);
  await exited;
  clearTimeout(late);
}
