import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Loaded into each process of the service by `--import`. Each SIGUSR2 writes the built files of the project in which a
 * function ran since the last SIGUSR2 to `$COVERAGE_DIR/<pid>-<n>.json`; code that runs while a module loads counts for no flow.
 */
const { COVERAGE_DIR: directory, COVERAGE_DIST: dist = '' } = process.env;
const [, app] = /\/dist\/apps\/(\w+)\//.exec(process.argv[1] ?? '') ?? [];
let written = 0;

if (app) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  process.on('SIGUSR2', async () => {
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const files = result
      .filter(isOurs)
      .filter(hasRun)
      .map(({ url }) => relative(dist, fileURLToPath(url)));
    written += 1;
    writeFileSync(`${directory}/${app}-${process.pid}-${written}.json`, JSON.stringify(files));
  });
}

/** @typedef {import('node:inspector').Profiler.ScriptCoverage} ScriptCoverage */

/** @param {ScriptCoverage} script */
const isOurs = ({ url }) => url.startsWith('file:') && fileURLToPath(url).startsWith(dist);

/**
 * The first function of a file is the module itself, which runs when it is loaded.
 * @param {ScriptCoverage} script
 */
const hasRun = ({ functions }) =>
  functions.some(({ functionName, ranges }) => functionName !== '' && (ranges[0]?.count ?? 0) > 0);
