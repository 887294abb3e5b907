import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { build } from '../start/build.mjs';
import { install } from '../start/install.mjs';
import { ROOT } from '../start/root.mjs';
import { CommandError } from '../start/run.mjs';
import { printStep } from '../start/steps.mjs';
import { runJest } from './jest.mjs';
import { REDIS_PROGRAM, startRedis } from './redis.mjs';
import { closingLines, isPart, lineOfPart, sum, tableOfParts } from './report.mjs';

/** One file after the other: the end-to-end tests share one service and turn its clock. */
export const END_TO_END = ['--selectProjects', 'e2e', '--runInBand'];

/**
 * What a run of tests works with: a temporary directory, `add` for results and `part` for one named run of Jest.
 * @typedef {import('./report.mjs').Result} Result
 * @typedef {(title: string, args: string[], options?: import('./jest.mjs').JestOptions) => Promise<void>} RunPart
 * @typedef {{ directory: string, add: (result: Result) => void, part: RunPart }} Suite
 */

/**
 * Installs, builds, runs `work` and prints the seconds of each part, the failures and the closing line
 * `N passed, N failed[, N skipped]`; the exit code is 1 when anything failed.
 * @param {(suite: Suite) => Promise<void>} work
 */
export async function runSuite(work) {
  const directory = mkdtempSync(join(tmpdir(), 'evergrant-test-'));
  /** @type {Result[]} */
  const results = [];
  /** @param {Result} result */
  const add = (result) => {
    results.push(result);
    if (isPart(result)) console.log(lineOfPart(result));
  };
  /** @type {RunPart} */
  const part = async (title, args, options) => {
    console.log(`\n${title}`);
    add({ title, ...(await runJest(directory, args, options)) });
  };
  try {
    await printStep('install', () =>
      install({ all: true, onBegin: () => console.log('  installing the packages of package-lock.json') }),
    );
    await printStep('build', () => build());
    await work({ directory, add, part });
  } catch (error) {
    const message = error instanceof CommandError ? error.message : inspect(error);
    add({ passed: 0, failed: 1, skipped: 0, failures: [{ name: 'the run could not continue', message }] });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const total = sum(results);
  for (const line of [...tableOfParts(results, performance.now() / 1_000), ...closingLines(total, ROOT)])
    console.log(line);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

/**
 * Runs end-to-end files with the queue on a temporary Redis; without redis-server they count as one skipped test.
 * @param {Suite} suite
 * @param {string[]} files
 */
export async function onRedis({ directory, add, part }, files) {
  const title = 'End-to-end tests, the queue on Redis';
  if (!REDIS_PROGRAM) {
    console.log(`\n${title}: skipped, no redis-server was found`);
    return add({ passed: 0, failed: 0, skipped: 1, failures: [] });
  }
  const redis = await startRedis(directory);
  await part(title, [...files, ...END_TO_END], { env: { ...process.env, REDIS_URL: redis.url } });
  return redis.stop();
}
