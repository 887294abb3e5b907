import './start/require-node.mjs';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readArguments } from './arguments.mjs';
import { build } from './start/build.mjs';
import { StartError } from './start/errors.mjs';
import { ROOT } from './start/root.mjs';

/** @param {string} path */
const read = (path) => readFileSync(join(ROOT, path), 'utf8');

try {
  readArguments({ usage: 'npm run docs' });
  // The pages describe the definitions, which are built first; type errors elsewhere do not matter here.
  await build({ mayHaveTypeErrors: true });
  const { PROVIDER_NAMES, providerOf } = await import('#providers');
  const { pagesOf, setupTextOf } = await import('./docs/pages.mjs');
  const pages = pagesOf(PROVIDER_NAMES.map(providerOf), (name) => read(setupTextOf(name)));
  for (const [path, text] of pages) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    console.log(path);
  }
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
