import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { ROOT } from './root.mjs';
import { CommandError, run as runToEnd } from './run.mjs';

const COMPILER = join(ROOT, 'node_modules/@typescript/native/bin/tsc');
const CONFIGURATION = [
  'package.json',
  'package-lock.json',
  'tools/start/bundle.mjs',
  'tsconfig.json',
  'tsconfig.build.json',
  'node_modules/@typescript/native/package.json',
];
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.sources');
const TEST = /\.(int-)?spec\.ts$/;

/**
 * Compiles the sources to `dist` and bundles them when they are not those of the last build. Throws with the compiler's output, unless type
 * errors may stay: the compiler writes its files all the same, and such a caller checks types elsewhere.
 * @param {{ mayHaveTypeErrors?: boolean, run?: import('./run.mjs').Run }} [options]
 */
export async function build({ mayHaveTypeErrors = false, run = runToEnd } = {}) {
  const sources = [...filesIn('apps'), ...filesIn('libs')].filter((path) => !TEST.test(path));
  const digest = digestOf([...CONFIGURATION, ...sources]);
  const stamp = existsSync(STAMP) && readFileSync(STAMP, 'utf8');
  if (stamp === digest) return;
  // Without a stamp the content of `dist` is unknown, so the compiler's own record of it is removed too.
  if (!stamp) rmSync(join(DIST, '.tsbuildinfo'), { force: true });
  rmSync(STAMP, { force: true });
  removeOrphans(sources);
  const hasTypes = await compile(run, mayHaveTypeErrors);
  await bundle();
  if (hasTypes) writeFileSync(STAMP, digest);
}

/**
 * Returns whether there was no type error.
 * @param {import('./run.mjs').Run} run
 * @param {boolean} mayHaveTypeErrors
 */
async function compile(run, mayHaveTypeErrors) {
  mkdirSync(DIST, { recursive: true });
  try {
    await run(process.execPath, [COMPILER, '-p', 'tsconfig.build.json'], { cwd: ROOT });
    return true;
  } catch (error) {
    if (!mayHaveTypeErrors || !(error instanceof CommandError)) throw error;
    console.warn(`built with type errors:\n${error.output}`);
    return false;
  }
}

/** @param {string} directory */
function filesIn(directory) {
  return readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(ROOT.length + 1))
    .sort();
}

/** @param {string[]} paths */
function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(ROOT, path)))
      .update('\0');
  return hash.digest('hex');
}

/**
 * The output of a removed source would still be loaded, above all a migration.
 * @param {string[]} sources
 */
function removeOrphans(sources) {
  if (!existsSync(DIST)) return;
  const expected = new Set(sources.map((path) => path.replace(/\.ts$/, '')));
  const written = ['apps', 'libs']
    .filter((name) => existsSync(join(DIST, name)))
    .flatMap((name) => filesIn(`dist/${name}`));
  for (const path of written) {
    if (!expected.has(path.replace(/^dist\//, '').replace(/\.(js|js\.map|d\.ts)$/, ''))) rmSync(join(ROOT, path));
  }
}
