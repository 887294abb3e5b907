import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failuresOf } from './report.mjs';
import { runMeasured } from './measured.mjs';

const JEST = [
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/** @typedef {{ env?: NodeJS.ProcessEnv, inIdleTime?: boolean }} JestOptions */

/**
 * Runs Jest and passes its output on; a run that stops early, or a file that does not load, counts as failed.
 * @param {string} directory
 * @param {string[]} args
 * @param {JestOptions} [options]
 * @returns {Promise<import('./report.mjs').Result>}
 */
export async function runJest(directory, args, { env, inIdleTime } = {}) {
  const report = join(mkdtempSync(join(directory, 'jest-')), 'report.json');
  const { code, seconds, cpuSeconds } = await runMeasured([...JEST, '--json', `--outputFile=${report}`, ...args], {
    env,
    inIdleTime,
  });
  const counted = existsSync(report)
    ? count(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: 0, failed: 0, skipped: 0, failures: [] };
  const result = { ...counted, seconds, cpuSeconds };
  if (code === 0 || counted.failed > 0) return result;
  const message = `Jest ended with ${code}; its output is above`;
  return { ...result, failed: 1, failures: [{ name: 'the run of Jest stopped early', message }] };
}

/**
 * @param {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number, numPendingTests: number,
 *   numTodoTests: number, testResults: import('./report.mjs').JestFile[] }} report
 * @returns {import('./report.mjs').Counts}
 */
function count(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: failuresOf(report),
  };
}
