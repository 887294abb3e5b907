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
  const { add, part } = suite;
  add(await check('typecheck'));
  const { REDIS_URL: _, ...onPostgres } = process.env;
  await part('Unit tests', ['--selectProjects', 'unit', '--maxWorkers=100%'], onPostgres);
  await part('Integration tests', ['--selectProjects', 'integration', '--maxWorkers=100%'], onPostgres);
  // The end-to-end tests wait most of the time and leave one core to the linter.
  const linted = check('lint');
  await part('End-to-end tests, the queue on PostgreSQL', END_TO_END, onPostgres);
  add(await linted);
  // The other files reach the queue through the API alone, which hides where it lives.
  await onRedis(suite, ['test/e2e/story']);
}
