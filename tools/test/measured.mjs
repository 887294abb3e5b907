import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ROOT } from '../start/root.mjs';

// `times` is the one portable report on the CPU time of a process and all its descendants: Node has none.
const SCRIPT = '"$@" 3>&-; code=$?; times >&3; exit $code';
const IDLE = 'nice -n 5 "$@" 3>&-; code=$?; times >&3; exit $code';

/**
 * Runs a program to its end. Returns its exit code, its output where `output` is `pipe`, and its seconds: by the clock, and of
 * CPU time with all its descendants. A program `inIdleTime` yields the cores to the others.
 * @param {string[]} command
 * @param {{ env?: NodeJS.ProcessEnv | undefined, inIdleTime?: boolean | undefined, output?: 'ignore' | 'pipe' }} [options]
 */
export async function runMeasured(command, { env = process.env, inIdleTime = false, output = 'ignore' } = {}) {
  const since = performance.now();
  const child = spawn('sh', ['-c', inIdleTime ? IDLE : SCRIPT, 'sh', ...command], {
    cwd: ROOT,
    env,
    stdio: ['inherit', output, output === 'ignore' ? 'inherit' : output, 'pipe'],
  });
  const [[code], times, stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    textOf(child.stdio[3]),
    textOf(child.stdout),
    textOf(child.stderr),
  ]);
  return {
    code,
    output: stdout + stderr,
    seconds: (performance.now() - since) / 1_000,
    cpuSeconds: cpuSecondsOf(times),
  };
}

/** @param {import('node:stream').Stream | null | undefined} stream */
const textOf = (stream) => (stream instanceof Readable ? text(stream) : '');

/**
 * Adds up what `times` prints: `0m1.20s 0m0.30s` for the shell, then for its descendants.
 * @param {string} times
 */
export function cpuSecondsOf(times) {
  return [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}
