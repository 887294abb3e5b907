import './start/require-node.mjs';
import { readArguments } from './arguments.mjs';
import { messageOf } from './start/errors.mjs';
import { faults } from './test/faults.mjs';
import { onRedis, runSuite } from './test/suite.mjs';

const USAGE = 'npm run test:deep [-- --short]';
const { REDIS_URL: _, ...onPostgres } = process.env;

/** The suites that are too long for `npm test`; `--short` runs a smaller selection of each. */
try {
  const { values } = readArguments({ usage: USAGE, options: { short: { type: 'boolean' } } });
  await runSuite((suite) => deep(suite, values.short === true));
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}

/**
 * @param {import('./test/suite.mjs').Suite} suite
 * @param {boolean} short
 */
async function deep(suite, short) {
  const { add, part } = suite;
  await part(
    'Simulation, outages in virtual time, upgrade, OpenAPI, rotation of master keys',
    ['--selectProjects', 'deep', '--maxWorkers=100%'],
    {
      env: onPostgres,
    },
  );
  if (!short) {
    await longSimulation(part);
    await longContract(part);
    await longRotation(part);
  }
  await onRedis(suite, ['test/e2e/outages']);
  console.log('\nThe fault test');
  add(await faults(short ? ['--short'] : []));
}

/**
 * Other histories than those of `npm test`, and many more; a finding names its seed and how to repeat it.
 * @param {import('./test/suite.mjs').RunPart} part
 */
async function longSimulation(part) {
  const seed = String(Math.floor(Math.random() * 2 ** 31));
  const env = { ...onPostgres, SIMULATION_SEED: seed, SIMULATION_RUNS: '40000' };
  const filter = ['test/simulation', '--selectProjects', 'deep', '-t', 'keeps every invariant'];
  await part(`The long simulation, SIMULATION_SEED=${seed} SIMULATION_RUNS=40000`, filter, { env });
}

/**
 * Other requests to the API than those of `npm test`, and many more of each operation.
 * @param {import('./test/suite.mjs').RunPart} part
 */
async function longContract(part) {
  const seed = String(Math.floor(Math.random() * 2 ** 31));
  const env = { ...onPostgres, CONTRACT_SEED: seed, CONTRACT_RUNS: '1000' };
  const filter = ['test/deep/contract', '--selectProjects', 'deep'];
  await part(`The long contract test, CONTRACT_SEED=${seed} CONTRACT_RUNS=1000`, filter, { env });
}

/**
 * Many more rows and kills than the rotation of the first part has.
 * @param {import('./test/suite.mjs').RunPart} part
 */
async function longRotation(part) {
  const env = { ...onPostgres, ROTATION_ROWS: '20000', ROTATION_KILLS: '20' };
  const filter = ['test/deep/rotate-master-keys', '--selectProjects', 'deep'];
  await part('The long rotation of master keys, ROTATION_ROWS=20000 ROTATION_KILLS=20', filter, { env });
}
