import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { ROOT } from '../start/root.mjs';
import { printStep } from '../start/steps.mjs';

/** @typedef {import('./report.mjs').Counts} Counts */

/**
 * Runs the fault test, passes its output on, and counts the rows and figures that it prints.
 * @param {string[]} args
 * @returns {Promise<Counts>}
 */
export async function faults(args) {
  /** @type {Counts} */
  const counted = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const code = await printStep('took', () => strike(args, (line) => count(line, counted)));
  if (code === 0 || counted.failed > 0) return counted;
  return {
    ...counted,
    failed: 1,
    failures: [{ name: 'the fault test stopped early', message: `it ended with ${code}; its output is above` }],
  };
}

/**
 * @param {string[]} args
 * @param {(line: string) => void} onLine
 */
async function strike(args, onLine) {
  const child = spawn(process.execPath, [join(ROOT, 'tools/faults.mjs'), ...args], {
    cwd: ROOT,
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    console.log(line);
    onLine(line);
  });
  const [[code]] = await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  return code;
}

/**
 * A row that failed is printed twice: with its counts as it ends, and with what it missed after the table.
 * @param {string} line
 * @param {Counts} counted
 */
export function count(line, counted) {
  const [, missed] = /^MISSED {2}(.*)$/.exec(line) ?? [];
  if (line.startsWith('ok    ')) counted.passed += 1;
  else if (missed && (missed.includes(' faults, ') || !missed.includes('('))) fail(counted, missed);
  else if (line.endsWith('is skipped.')) counted.skipped += 1;
}

/**
 * @param {Counts} counted
 * @param {string} missed
 */
function fail(counted, missed) {
  counted.failed += 1;
  counted.failures.push({ name: `the fault test: ${missed}`, message: '' });
}
