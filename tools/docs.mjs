import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pagesOf, setupTextOf } from './docs/pages.mjs';
import { build } from './start/build.mjs';
import { ROOT } from './start/root.mjs';

const read = (path) => readFileSync(join(ROOT, path), 'utf8');

// The definitions say what is true, so they are built first; type errors elsewhere do not matter here.
await build({ mayHaveTypeErrors: true });
const { PROVIDER_NAMES, providerOf } = await import(pathToFileURL(join(ROOT, 'dist/libs/providers/src/index.js')));
const pages = pagesOf(PROVIDER_NAMES.map(providerOf), (name) => read(setupTextOf(name)));
for (const [path, text] of pages) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
  console.log(path);
}
