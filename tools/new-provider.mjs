import './start/require-node.mjs';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from './arguments.mjs';
import { addImport, addToArray, formatSource } from './generator/edit-source.mjs';
import { checkName } from './new-provider/check-name.mjs';
import { templates } from './new-provider/templates.mjs';
import { messageOf } from './start/errors.mjs';

const SOURCES = 'libs/providers/src';

const USAGE = 'npm run new:provider <name>';
const HELP = `${USAGE}   writes libs/providers/src/<name>/ and its lines in the two registries\n`;

/**
 * Writes a platform's folder and its lines in the two registries, or nothing if its name cannot be one. The conformance suite
 * reports in sentences what is still missing.
 * @param {string} root
 * @param {string} name
 */
export async function newProvider(root, name) {
  const folder = join(root, SOURCES, name);
  checkName(root, name);
  // Every text is complete before the first write: a missing place leaves no part of a provider.
  const registries = await Promise.all([
    register(root, 'registry.ts', { name, symbol: name, suffix: 'provider', array: 'providers' }),
    register(root, 'sandbox.ts', { name, symbol: `${name}Sandbox`, suffix: 'sandbox', array: 'sandboxes' }),
  ]);
  const files = await Promise.all(
    Object.entries(templates(name)).map(
      async ([file, text]) => /** @type {const} */ ([file, await formatSource(text, `${SOURCES}/${name}/${file}`)]),
    ),
  );
  mkdirSync(folder);
  for (const [file, text] of files) writeFileSync(join(folder, file), text);
  for (const [path, text] of registries) writeFileSync(join(root, path), text);
  return folder;
}

/**
 * The path of a registry, and its text with one more platform.
 * @param {string} root
 * @param {string} file
 * @param {{ name: string, symbol: string, suffix: string, array: string }} entry
 * @returns {Promise<[path: string, text: string]>}
 */
async function register(root, file, { name, symbol, suffix, array }) {
  const path = `${SOURCES}/${file}`;
  const text = readFileSync(join(root, path), 'utf8');
  const imported = addImport(text, symbol, `./${name}/${name}.${suffix}.js`);
  return [path, await formatSource(addToArray(imported, array, symbol), path)];
}

async function main() {
  const { positionals, values } = readArguments({
    usage: USAGE,
    positionals: 1,
    options: { help: { type: 'boolean' } },
  });
  const [name] = positionals;
  if (values.help || name === undefined) return HELP;
  return `${await newProvider(process.cwd(), name)} is written. What it lacks:

  npm test -- libs/providers/src/registry.spec.ts libs/providers/src/sandbox.spec.ts libs/providers/src/${name} --selectProjects unit

Then its documents, and what they lack:

  npm run docs
  npm test -- tools/docs.spec.ts --selectProjects unit

And the rules of the repository:

  npm run typecheck && npm run lint
  npm test -- test/architecture.spec.ts test/language.spec.ts --selectProjects unit
`;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.stdout.write(await main());
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
