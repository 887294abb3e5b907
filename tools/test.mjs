import { runJest } from './test/jest.mjs';
import { check } from './test/check.mjs';
import { END_TO_END, onRedis, runSuite } from './test/suite.mjs';

/** These files start and kill services, which disturbs no other file. */
const OWN_SERVICE = 'test/e2e/(exchanger|outages|start)\\.';
const chosen = process.argv.slice(2);

await runSuite(async (suite) => {
  if (chosen.length > 0) suite.add(await runJest(suite.directory, chosen));
  else await everything(suite);
});

/** Everything but the deep suites, which tools/test-deep.mjs runs. */
async function everything(suite) {
  const { REDIS_URL: _, ...env } = process.env;
  suite.add(await check('typecheck'));
  await Promise.all([endToEnd(suite, env), besides(suite, env)]);
}

/** These tests wait most of the time, and measure time: they have the cores first. */
async function endToEnd(suite, env) {
  const run = (title, option) => suite.part(title, [...END_TO_END, option, OWN_SERVICE], { env });
  await Promise.all([
    run('End-to-end tests with services of their own', '--testPathPatterns'),
    run('End-to-end tests', '--testPathIgnorePatterns'),
  ]);
  // The other files reach the queue through the API alone, which hides its store.
  await onRedis(suite, ['test/e2e/story']);
}

/** These use the cores whenever the end-to-end tests leave them idle. */
async function besides({ add, part }, env) {
  for (const script of ['lint', 'spell', 'unused']) add(await check(script, { inIdleTime: true }));
  const options = { env, inIdleTime: true };
  await part('Unit tests', ['--selectProjects', 'unit', '--maxWorkers=100%'], options);
  await part('Integration tests', ['--selectProjects', 'integration', '--maxWorkers=100%'], options);
}
