import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failuresOf } from './failures.mjs';
import { runMeasured } from './measured.mjs';

const JEST = [
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
];

/** Runs jest with its output as it comes; a run that breaks off, or a file that does not load, counts as failed. */
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
  const message = `jest ended with ${code}; its output is above`;
  return { ...result, failed: 1, failures: [{ name: 'the run of jest broke off', message }] };
}

/** Adds up the runs. */
export function sum(results) {
  const total = (name) => results.reduce((count, result) => count + result[name], 0);
  return {
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    failures: results.flatMap(({ failures }) => failures),
  };
}

function count(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: failuresOf(report),
  };
}
