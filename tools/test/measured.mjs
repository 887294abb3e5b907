import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { ROOT } from '../start/root.mjs';

// `times` is the one portable report on what a process and all its descendants spent: Node has none.
const SCRIPT = '"$@" 3>&-; code=$?; times >&3; exit $code';
const IDLE = 'nice -n 5 "$@" 3>&-; code=$?; times >&3; exit $code';

/**
 * Runs a program to its end with its messages (stderr) passed on and gives its exit code, its output (stdout), and the
 * seconds it took: by the clock, and of CPU time with all its descendants. A program `inIdleTime` leaves the cores to
 * the others whenever they want them.
 */
export async function runMeasured(command, { env = process.env, inIdleTime = false, output = 'ignore' } = {}) {
  const since = performance.now();
  const child = spawn('sh', ['-c', inIdleTime ? IDLE : SCRIPT, 'sh', ...command], {
    cwd: ROOT,
    env,
    stdio: ['inherit', output, output === 'ignore' ? 'inherit' : output, 'pipe'],
  });
  const streams = [child.stdio[3], child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ''));
  const [[code], times, stdout, stderr] = await Promise.all([once(child, 'exit'), ...streams]);
  return {
    code,
    output: stdout + stderr,
    seconds: (performance.now() - since) / 1_000,
    cpuSeconds: cpuSecondsOf(times),
  };
}

/** Adds up what `times` prints: `0m1.20s 0m0.30s` for the shell, then for its descendants. */
export function cpuSecondsOf(times) {
  return [...times.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + minutes * 60 + +seconds,
    0,
  );
}
