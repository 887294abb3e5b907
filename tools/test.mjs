import './start/require-node.mjs';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './start/root.mjs';
import { runJest } from './test/jest.mjs';
import { runMeasured } from './test/measured.mjs';
import { END_TO_END, onRedis, runSuite } from './test/suite.mjs';

/** @typedef {import('./test/suite.mjs').Suite} Suite */

/** These files start and kill services of their own, and use no other. */
const OWN_SERVICE = 'test/e2e/(exchanger|outages|start)\\.';
const chosen = process.argv.slice(2);

await runSuite(async (suite) => {
  if (chosen.length > 0) suite.add(await runJest(suite.directory, chosen));
  else await everything(suite);
});

/**
 * Everything except the deep suites, which tools/test-deep.mjs runs.
 * @param {Suite} suite
 */
async function everything(suite) {
  const { REDIS_URL: _, ...env } = process.env;
  await Promise.all([endToEnd(suite, env), besides(suite, env)]);
}

/**
 * These tests wait most of the time, and measure time: they have the cores first.
 * @param {Suite} suite
 * @param {NodeJS.ProcessEnv} env
 */
async function endToEnd(suite, env) {
  await Promise.all([
    suite.part('End-to-end tests', [...END_TO_END, '--testPathIgnorePatterns', OWN_SERVICE], { env }),
    suite
      .part('End-to-end tests with services of their own', [...END_TO_END, '--testPathPatterns', OWN_SERVICE], {
        env: { ...env, OWN_SERVICES: 'true' },
      })
      // The other files reach the queue through the API alone, which hides its store.
      .then(() => onRedis(suite, ['test/e2e/story', 'test/e2e/clients'])),
  ]);
}

/**
 * These use the cores whenever the end-to-end tests leave them idle.
 * @param {Suite} suite
 * @param {NodeJS.ProcessEnv} env
 */
async function besides(suite, env) {
  // Spelling and unused exports use one core each: the others fill the second.
  const checks = ['typecheck', 'lint', 'spell', 'unused'].map(async (script) =>
    suite.add(await check(script, { inIdleTime: true })),
  );
  await Promise.all([...checks, unitThenIntegration(suite, env)]);
}

/**
 * @param {Suite} suite
 * @param {NodeJS.ProcessEnv} env
 */
async function unitThenIntegration({ part }, env) {
  const options = { env, inIdleTime: true };
  await part('Unit tests', ['--selectProjects', 'unit', '--maxWorkers=100%'], options);
  // A worker waits for PostgreSQL half of its time. With two a core, processes that tests start take longer than they may.
  const workers = `--maxWorkers=${availableParallelism() + 1}`;
  await part('Integration tests', ['--selectProjects', 'integration', workers], options);
}

/**
 * Runs a script of package.json; one that fails counts as one failed test.
 * @param {string} script
 * @param {{ inIdleTime?: boolean }} [options]
 */
async function check(script, options) {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` };
  const { code, output, ...spent } = await runMeasured(['sh', '-c', scripts[script]], {
    ...options,
    env,
    output: 'pipe',
  });
  const failures = code === 0 ? [] : [{ name: `${script} fails`, message: output }];
  if (code !== 0) console.error(`\n${script} fails\n${output}`);
  return { title: script, ...spent, passed: 0, failed: failures.length, skipped: 0, failures };
}
