import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addLine } from './new-provider/add-line.mjs';
import { checkName } from './new-provider/check-name.mjs';
import { templates } from './new-provider/templates.mjs';

const HELP = 'npm run new:provider <name>   writes libs/providers/src/<name>/ and its lines in the two registries\n';

/** Writes a platform's folder and its lines, or nothing where its name cannot be one; what is still missing then, the conformance suite says in sentences. */
export function newProvider(root, name) {
  const sources = join(root, 'libs/providers/src');
  const folder = join(sources, name);
  checkName(root, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(templates(name))) writeFileSync(join(folder, file), text);
  edit(join(sources, 'registry.ts'), (text) =>
    addLine(text, { name, symbol: name, suffix: 'provider', list: 'const providers = [' }),
  );
  edit(join(sources, 'sandbox.ts'), (text) =>
    addLine(text, {
      name,
      symbol: `${name}Sandbox`,
      suffix: 'sandbox',
      list: 'sandboxes: readonly SandboxDefinition[] = [',
    }),
  );
  return folder;
}

function edit(file, change) {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' } } });
  const [name] = positionals;
  if (values.help || name === undefined) return HELP;
  return `${newProvider(process.cwd(), name)} is written. What it lacks:

  npm test -- libs/providers/src/registry.spec.ts libs/providers/src/sandbox.spec.ts libs/providers/src/${name} --selectProjects unit

Then its documents, and what they lack:

  npm run docs
  npm test -- tools/docs.spec.ts --selectProjects unit
`;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.stdout.write(main());
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
