import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../start/build.mjs';
import { install } from '../start/install.mjs';
import { ROOT } from '../start/root.mjs';
import { CommandError } from '../start/run.mjs';
import { printStep } from '../start/steps.mjs';
import { closingLines } from './failures.mjs';
import { runJest, sum } from './jest.mjs';
import { lineOfPart, tableOfParts } from './parts.mjs';
import { startRedis } from './redis.mjs';

/** One file after the other: the end-to-end tests share one service and turn its clock. */
export const END_TO_END = ['--selectProjects', 'e2e', '--runInBand'];

/**
 * Installs, builds, runs `work` and prints the seconds of each part, the failures and the closing line
 * `N passed, N failed[, N skipped]`; the exit code is 1 when anything failed. `work` gets a temporary directory, `add`
 * for results and `part` for one named run of jest.
 */
export async function runSuite(work) {
  const directory = mkdtempSync(join(tmpdir(), 'evergrant-test-'));
  const results = [];
  const add = (result) => {
    results.push(result);
    if (result.title !== undefined) console.log(lineOfPart(result));
  };
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
    const message = error instanceof CommandError ? error.message : String(error.stack);
    add({ passed: 0, failed: 1, skipped: 0, failures: [{ name: 'the run could not go on', message }] });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const total = sum(results);
  for (const line of [...tableOfParts(results, performance.now() / 1_000), ...closingLines(total, ROOT)])
    console.log(line);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

/** Runs end-to-end files with the queue on a temporary Redis; without redis-server they count as one skipped test. */
export async function onRedis({ directory, add, part }, files) {
  const title = 'End-to-end tests, the queue on Redis';
  const redis = await startRedis(directory);
  if (!redis) {
    console.log(`\n${title}: skipped, no redis-server was found`);
    return add({ passed: 0, failed: 0, skipped: 1, failures: [] });
  }
  await part(title, [...files, ...END_TO_END], { env: { ...process.env, REDIS_URL: redis.url } });
  return redis.stop();
}
