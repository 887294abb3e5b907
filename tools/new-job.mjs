import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { addExport, addImport, addProvider, addToArray } from './new-job/edit-source.mjs';

const HELP = `npm run new:job <things>.<verb> [-- --every 1m] [-- --feature cleanup]

  Writes a job that runs again and again: its contract, its handler in a folder of apps/worker/src (--feature), its use case
  with a test, and its lines in the lists. For example: npm run new:job sessions.expire -- --every 5m
`;

const NAME = /^[a-z]+\.[a-z]+$/;
const INTERVAL = /^([1-9]\d*)([smhd])$/;
const UNITS = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' };
const TEMPLATES = join(import.meta.dirname, 'new-job/template');

const capitalize = (word) => word[0].toUpperCase() + word.slice(1);

/** Writes the files and lines of a recurring job below `root`, or nothing when an argument is wrong; returns the new files. */
export async function newJob(root, name, { every = '1m', feature = 'cleanup' } = {}) {
  const job = { ...describeJob(name), interval: readInterval(every), feature };
  const created = newFiles(job);
  checkPlaces(root, job, Object.keys(created));
  // Everything is made before the first byte is written: a missing place leaves no half of a job.
  const edited = await Promise.all(
    Object.entries(edits(job)).map(async ([path, edit]) => [path, await formatted(edit(read(root, path)), path)]),
  );
  for (const [path, text] of [...Object.entries(created), ...edited]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return Object.keys(created);
}

function describeJob(name) {
  if (!NAME.test(name))
    throw new Error(
      `"${name}" cannot be a job's name: it is <things>.<verb> in lower-case letters, like sessions.expire`,
    );
  const [thing, verb] = name.split('.');
  return {
    name,
    thing,
    verb,
    contract: `${thing}${capitalize(verb)}`,
    useCase: `${capitalize(verb)}${capitalize(thing)}`,
    file: `${verb}-${thing}`,
  };
}

function readInterval(every) {
  const [, count, unit] = INTERVAL.exec(every) ?? [];
  if (!count) throw new Error(`--every is a whole number with s, m, h or d, for example 5m, not "${every}"`);
  return { call: `${UNITS[unit]}(${count})`, unit: UNITS[unit] };
}

function checkPlaces(root, { name, feature }, paths) {
  if (!existsSync(join(root, modulePath(feature))))
    throw new Error(`--feature is a folder of apps/worker/src with a module: there is no ${modulePath(feature)}`);
  const present = paths.find((path) => existsSync(join(root, path)));
  if (present) throw new Error(`"${name}" is a job already: there is ${present}`);
}

const modulePath = (feature) => `apps/worker/src/${feature}/${feature}.module.ts`;

/** @returns {Record<string, string>} the text of each new file by its path */
function newFiles(job) {
  const words = { __thing__: job.thing, __verb__: job.verb, __contract__: job.contract, __UseCase__: job.useCase };
  const fill = (template) =>
    readFileSync(join(TEMPLATES, `${template}.txt`), 'utf8').replaceAll(/__[A-Za-z]+?__/g, (word) => words[word]);
  const useCase = `libs/accounts/src/${job.thing}/${job.file}`;
  return {
    [`libs/jobs/src/contracts/${job.thing}-${job.verb}.job.ts`]: fill('contract.ts'),
    [`apps/worker/src/${job.feature}/${job.file}.processor.ts`]: fill('processor.ts'),
    [`${useCase}.ts`]: fill('use-case.ts'),
    [`${useCase}.int-spec.ts`]: fill('use-case.int-spec.ts'),
  };
}

/** What changes in each file that lists something: one entry a file. */
function edits({ thing, verb, contract, useCase, file, interval, feature }) {
  const processor = `${useCase}Processor`;
  const useCaseModule = `./${thing}/${file}.js`;
  return {
    'libs/jobs/src/contracts/index.ts': (text) =>
      addToArray(addExport(addImport(text, contract, `./${thing}-${verb}.job.js`), contract), 'knownJobs', contract),
    'libs/jobs/src/index.ts': (text) => addExport(text, contract, './contracts/index.js'),
    'libs/accounts/src/index.ts': (text) => addExport(text, useCase, useCaseModule),
    'libs/accounts/src/accounts.module.ts': (text) =>
      addToArray(addImport(text, useCase, useCaseModule), 'useCases', useCase),
    [modulePath(feature)]: (text) => addProvider(addImport(text, processor, `./${file}.processor.js`), processor),
    'apps/worker/src/schedules.ts': (text) =>
      addToArray(
        addImport(addUnit(text, interval.unit), contract, '#jobs'),
        'schedules',
        `{ job: ${contract}, every: ${interval.call} }`,
      ),
  };
}

const addUnit = (text, unit) => (new RegExp(`\\b${unit}\\b`).test(text) ? text : addImport(text, unit, '#config'));

const read = (root, path) => readFileSync(join(root, path), 'utf8');

const formatted = async (text, path) =>
  format(text, { ...(await resolveConfig(join(import.meta.dirname, '..', path))), filepath: path });

async function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' }, every: { type: 'string' }, feature: { type: 'string' } },
  });
  const [name] = positionals;
  if (values.help || name === undefined) return HELP;
  const files = await newJob(process.cwd(), name, values);
  return `${name} is written and scheduled:

  ${files.join('\n  ')}

What it lacks:

  npm test -- ${files.at(-1)}
  git grep -n TODO -- ${files.join(' ')}
`;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.stdout.write(await main());
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
