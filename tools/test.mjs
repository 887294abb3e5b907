import { runJest } from './test/jest.mjs';
import { check } from './test/check.mjs';
import { END_TO_END, onRedis, runSuite } from './test/suite.mjs';

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

/** These tests wait most of the time, and measure time: they go first. */
async function endToEnd(suite, env) {
  await suite.part('End-to-end tests, the queue on PostgreSQL', END_TO_END, { env });
  // The other files reach the queue through the API alone, which hides its store.
  await onRedis(suite, ['test/e2e/story']);
}

/** These use the cores whenever the end-to-end tests leave them idle. */
async function besides({ add, part }, env) {
  add(await check('lint', { inIdleTime: true }));
  const options = { env, inIdleTime: true };
  await part('Unit tests', ['--selectProjects', 'unit', '--maxWorkers=100%'], options);
  await part('Integration tests', ['--selectProjects', 'integration', '--maxWorkers=100%'], options);
}
