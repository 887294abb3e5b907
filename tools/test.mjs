import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './start/build.mjs';
import { install } from './start/install.mjs';
import { ROOT } from './start/root.mjs';
import { CommandError } from './start/run.mjs';
import { printStep } from './start/steps.mjs';
import { closingLines } from './test/failures.mjs';
import { runJest, sum } from './test/jest.mjs';
import { startRedis } from './test/redis.mjs';
import { check } from './test/check.mjs';

/** One file after the other: they share one service and turn its clock. */
const END_TO_END = ['--selectProjects', 'e2e', '--runInBand'];
/** Those in which it matters where the queue lives: the others ask the API, which does not see it. */
const OF_THE_QUEUE = ['test/e2e/story', 'test/e2e/outages'];
/** Which blows, and how many, is in the seed; what was lost must be nothing, whatever it is. */
const SHORT_KILLS = "--short --only 'kill -9' --seed 1";

const chosen = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'evergrant-test-'));
const results = [];

try {
  await printStep('install', () => install({ all: true, onBegin: () => console.log('  installing what package-lock.json names') }));
  await printStep('build', () => build());
  if (chosen.length > 0) results.push(await runJest(directory, chosen));
  else await everything();
} catch (error) {
  const message = error instanceof CommandError ? error.message : String(error.stack);
  results.push({ passed: 0, failed: 1, skipped: 0, failures: [{ name: 'the run could not go on', message }] });
} finally {
  rmSync(directory, { recursive: true, force: true });
}

const total = sum(results);
for (const line of closingLines(total, ROOT)) console.log(line);
process.exitCode = total.failed > 0 ? 1 : 0;

async function everything() {
  results.push(await check('typecheck'));
  const { REDIS_URL: _, ...onPostgres } = process.env;
  await part('Unit tests', ['--selectProjects', 'unit', '--maxWorkers=100%'], onPostgres);
  await part('Integration tests', ['--selectProjects', 'integration', '--maxWorkers=100%'], onPostgres);
  // It takes one core, and who tests end to end waits most of the time.
  const linted = check('lint');
  await part('End-to-end tests, the queue on PostgreSQL', END_TO_END, onPostgres);
  results.push(await linted);
  console.log('\nThe fault test, its kills in short');
  results.push(await check('faults', SHORT_KILLS));
  const redis = await startRedis(directory);
  if (!redis) {
    console.log('\nNo redis-server was found: the end-to-end tests with the queue on Redis are skipped.');
    return;
  }
  await part('End-to-end tests, the queue on Redis', [...OF_THE_QUEUE, ...END_TO_END], { ...process.env, REDIS_URL: redis.url });
  await redis.stop();
}

async function part(title, args, env) {
  console.log(`\n${title}`);
  const run = () => runJest(directory, args, env);
  results.push(await printStep('took', run));
}
