import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../start/root.mjs';
import { failuresOf } from './failures.mjs';

/** Runs jest with its output as it comes; a run that breaks off, or a file that does not load, counts as failed. */
export async function runJest(directory, args, env = process.env) {
  const report = join(directory, 'report.json');
  rmSync(report, { force: true });
  const options = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ];
  const jest = spawn(process.execPath, [...options, '--json', `--outputFile=${report}`, ...args], {
    cwd: ROOT,
    env,
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  const [code] = await once(jest, 'exit');
  const counted = existsSync(report)
    ? count(JSON.parse(readFileSync(report, 'utf8')))
    : { passed: 0, failed: 0, skipped: 0, failures: [] };
  if (code === 0 || counted.failed > 0) return counted;
  return {
    ...counted,
    failed: 1,
    failures: [{ name: 'the run of jest broke off', message: `jest ended with ${code}; what it said stands above` }],
  };
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
