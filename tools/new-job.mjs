import './start/require-node.mjs';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readArguments } from './arguments.mjs';
import {
  addBeforeModule,
  addExport,
  addImport,
  addProvider,
  addTableRow,
  addToArray,
  formatSource,
} from './generator/edit-source.mjs';
import { messageOf } from './start/errors.mjs';

/**
 * The words of a job in each form that the templates need.
 * @typedef {ReturnType<typeof describeJob> & { interval: { call: string, unit: string }, feature: string, folder: string }} Job
 */

const USAGE = 'npm run new:job <things>.<verb> [-- --every 1m --feature cleanup --folder <things>]';
const HELP = `${USAGE}

  Writes a recurring job: its contract, its handler in a file of apps/worker/src/jobs (--feature), its use case with a test
  in a folder of libs/accounts/src (--folder), its schedule, and a row in libs/accounts/FEATURE.md.
  For example: npm run new:job sessions.expire -- --every 5m
`;

const NAME = /^([a-z]+)\.([a-z]+)$/;
const INTERVAL = /^([1-9]\d*)([smhd])$/;
/** @type {Record<string, string>} */
const UNITS = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' };
const TEMPLATES = join(import.meta.dirname, 'new-job/template');

/** @param {string} word */
const capitalize = (word) => word.slice(0, 1).toUpperCase() + word.slice(1);

/**
 * Writes the files and lines of a recurring job below `root`, or nothing if an argument is wrong. Returns the new files.
 * @param {string} root
 * @param {string} name
 * @param {{ every?: string | undefined, feature?: string | undefined, folder?: string | undefined }} [options]
 */
export async function newJob(root, name, { every = '1m', feature = 'cleanup', folder } = {}) {
  const described = describeJob(name);
  const job = { ...described, interval: readInterval(every), feature, folder: readFolder(folder ?? described.thing) };
  const created = await newFiles(job);
  checkPlaces(root, job, Object.keys(created));
  // Every text is complete before the first write: a missing place leaves no part of a job.
  const edited = await Promise.all(
    Object.entries(edits(job)).map(
      async ([path, edit]) => /** @type {const} */ ([path, await formatSource(edit(read(root, path)), path)]),
    ),
  );
  for (const [path, text] of [...Object.entries(created), ...edited]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return Object.keys(created);
}

/** @param {string} name */
function describeJob(name) {
  const [, thing, verb] = NAME.exec(name) ?? [];
  if (thing === undefined || verb === undefined)
    throw new Error(
      `"${name}" cannot be a job's name: it is <things>.<verb> in lower-case letters, like sessions.expire`,
    );
  return {
    name,
    thing,
    verb,
    contract: `${thing}${capitalize(verb)}`,
    useCase: `${capitalize(verb)}${capitalize(thing)}`,
    file: `${verb}-${thing}`,
  };
}

/** @param {string} every */
function readInterval(every) {
  const [, count, letter = ''] = INTERVAL.exec(every) ?? [];
  const unit = UNITS[letter];
  if (!unit) throw new Error(`--every is a whole number with s, m, h or d, for example 5m, not "${every}"`);
  return { call: `${unit}(${count})`, unit };
}

/** @param {string} folder */
function readFolder(folder) {
  if (!/^[a-z][a-z-]*$/.test(folder)) throw new Error(`--folder is a folder of libs/accounts/src, not "${folder}"`);
  return folder;
}

/**
 * @param {string} root
 * @param {Job} job
 * @param {string[]} paths
 */
function checkPlaces(root, { name, feature }, paths) {
  if (!existsSync(join(root, handlersPath(feature))))
    throw new Error(`--feature is a file of apps/worker/src/jobs: there is no ${handlersPath(feature)}`);
  if (read(root, CONTRACTS).includes(`'${name}'`)) throw new Error(`"${name}" is a job already: it is in ${CONTRACTS}`);
  const present = paths.find((path) => existsSync(join(root, path)));
  if (present) throw new Error(`"${name}" needs a file that exists already: ${present}`);
}

const CONTRACTS = 'libs/jobs/src/contracts.ts';
const FEATURE_PAGE = 'libs/accounts/FEATURE.md';
/** @param {string} feature */
const handlersPath = (feature) => `apps/worker/src/jobs/${feature}.jobs.ts`;

/**
 * @param {string} template
 * @param {Job} job
 */
const fill = (template, { thing, verb, contract, useCase }) => {
  /** @type {Record<string, string>} */
  const words = { __thing__: thing, __verb__: verb, __contract__: contract, __UseCase__: useCase };
  const text = readFileSync(join(TEMPLATES, `${template}.txt`), 'utf8');
  return text.replaceAll(/__[A-Za-z]+?__/g, (word) => words[word] ?? word);
};

/**
 * The text of each new file by its path.
 * @param {Job} job
 * @returns {Promise<Record<string, string>>}
 */
async function newFiles(job) {
  const useCase = `libs/accounts/src/${job.folder}/${job.file}`;
  const files = ['ts', 'int-spec.ts'].map(async (end) => {
    const path = `${useCase}.${end}`;
    return [path, await formatSource(fill(`use-case.${end}`, job), path)];
  });
  return Object.fromEntries(await Promise.all(files));
}

/**
 * The change in each existing file: one entry a file.
 * @param {Job} job
 * @returns {Record<string, (text: string) => string>}
 */
function edits(job) {
  const { folder, contract, useCase, file, interval, feature } = job;
  const useCaseModule = `./${folder}/${file}.js`;
  return {
    [CONTRACTS]: (text) => text + fill('contract.ts', job),
    'libs/accounts/src/index.ts': (text) => addExport(text, useCase, useCaseModule),
    'libs/accounts/src/accounts.module.ts': (text) =>
      addToArray(addImport(text, useCase, useCaseModule), 'useCases', useCase),
    [handlersPath(feature)]: (text) => {
      const imported = addImport(addImport(text, useCase, '#accounts'), contract, '#jobs');
      return addProvider(addBeforeModule(imported, fill('handler.ts', job)), `${useCase}Job`);
    },
    [FEATURE_PAGE]: (text) =>
      addTableRow(text, '**Clean up.**', `| [${file}.ts](src/${folder}/${file}.ts) | TODO: what it does |`),
    'apps/worker/src/schedules.ts': (text) =>
      addToArray(
        addImport(addUnit(text, interval.unit), contract, '#jobs'),
        'schedules',
        `{ job: ${contract}, every: ${interval.call} }`,
      ),
  };
}

/**
 * @param {string} text
 * @param {string} unit
 */
const addUnit = (text, unit) => (new RegExp(`\\b${unit}\\b`).test(text) ? text : addImport(text, unit, '#config'));

/**
 * @param {string} root
 * @param {string} path
 */
const read = (root, path) => readFileSync(join(root, path), 'utf8');

async function main() {
  const { positionals, values } = readArguments({
    usage: USAGE,
    positionals: 1,
    options: {
      help: { type: 'boolean' },
      every: { type: 'string' },
      feature: { type: 'string' },
      folder: { type: 'string' },
    },
  });
  const [name] = positionals;
  if (values.help || name === undefined) return HELP;
  const files = await newJob(process.cwd(), name, values);
  return `${name} is written and scheduled:

  ${files.join('\n  ')}

Still to do:

  npm test -- ${files.at(-1)}
  grep -n TODO ${[CONTRACTS, FEATURE_PAGE, ...files].join(' ')}

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
