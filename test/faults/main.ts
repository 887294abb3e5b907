import { readArguments, type Arguments } from './arguments.js';
import type { ServerKind } from './authorization-servers/contract.js';
import { INVARIANTS } from './check/invariants.js';
import { type Counts, missesOf } from './figures/outcome.js';
import { otherFigures } from './figures/other-figures.js';
import { type PromiseSettings, reportPromisedFigures } from './figures/promised-figures.js';
import { renderTable } from './figures/table.js';
import type { Row } from './rows/row.js';
import { LONG, rowsAt, SHORT, SHORT_ROWS } from './rows/rows.js';
import { runRow, type RowSettings } from './rows/run-row.js';
import { proveChecks } from './sabotage/prove-checks.js';
import { proveWebhookChecks, webhookFigures } from './webhooks/webhook-figures.js';
import { Databases } from './world/databases.js';
import { redisIsHere } from '../support/redis.js';
import { canMountDisks } from './world/inject-fault.js';

interface Cell {
  row: Row;
  kind: ServerKind;
  queue: 'postgres' | 'redis';
}

interface Result extends Cell {
  counts: Counts;
  misses: string[];
}

const HEADINGS = [
  'fault',
  'platform',
  'queue',
  'faults',
  'rotations',
  'lost',
  'reported',
  'in flight',
  'false alarms',
  'seconds',
  'reached',
];
const SHOWN_BREACHES = 5;

const NO_COUNTS: Counts = {
  faults: 0,
  rotations: 0,
  lost: 0,
  reported: 0,
  falseAlarms: 0,
  seconds: 0,
  inFlight: 0,
  breaches: [],
};

/** Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const given = readArguments(args);
  exitOnSignals();
  print(`seed ${given.seed}`);
  const databases = await Databases.start();
  try {
    if (given.proveChecks) return (await proveAllChecks(given, databases)) ? 0 : 1;
    if (given.figures) return (await reportPromisedFigures(figureSettings(given, databases), given.only)) ? 0 : 1;
    return (await reportAll(given, databases)) ? 0 : 1;
  } finally {
    await databases.stop();
  }
}

async function proveAllChecks(given: Arguments, databases: Databases): Promise<boolean> {
  const { seed, only } = given;
  const areSeen = await proveChecks(proofSettings(given, databases), only);
  return (await proveWebhookChecks({ databases, seed, print }, only)) && areSeen;
}

/** Prints the table and the other figures; returns whether every target is reached. */
async function reportAll(given: Arguments, databases: Databases): Promise<boolean> {
  const results = await runAll(given, databases);
  print(`\n${renderTable(HEADINGS, results.map(line))}\n`);
  for (const { row, kind, queue, misses } of results)
    for (const miss of misses) print(`MISSED  ${row.name} (${kind}, ${queue}): ${miss}`);
  const areOthersReached = await reportOtherFigures(given, databases);
  return areOthersReached && results.every(({ misses }) => misses.length === 0);
}

async function runAll(given: Arguments, databases: Databases): Promise<Result[]> {
  const cells = cellsOf(given);
  const results: Result[] = [];
  let taken = 0;
  const lane = async (servers: Databases): Promise<void> => {
    for (let index = taken++; index < cells.length; index = taken++)
      results[index] = await runOne(cells[index] as Cell, given, servers);
  };
  const further = await Promise.all(Array.from({ length: given.sideBySide - 1 }, () => Databases.start()));
  try {
    await Promise.all([databases, ...further].map(lane));
  } finally {
    await Promise.all(further.map((servers) => servers.stop()));
  }
  return results;
}

/** The lines of the table. */
function cellsOf(given: Arguments): Cell[] {
  const rows = possibleRows(given);
  if (given.queues.includes('redis') && !redisIsHere)
    print('No redis-server was found: the rows with the queue on Redis are skipped.');
  const queues = given.queues.filter((name) => name === 'postgres' || redisIsHere);
  return given.platforms.flatMap((kind) =>
    queues.flatMap((queue) => rows.filter((row) => isOn(row, queue)).map((row) => ({ row, kind, queue }))),
  );
}

/** Prints the figures outside the table; returns whether they are reached. The short form has those of webhooks only. */
async function reportOtherFigures(
  { short, only, seed, share, verbose }: Arguments,
  databases: Databases,
): Promise<boolean> {
  const log = verbose ? print : (): void => undefined;
  const webhooks = await webhookFigures({ databases, seed, short, share: share ?? 1, print: log }, only);
  const others = short ? [] : await otherFigures({ databases, seed, share: share ?? 1, print }, only);
  const figures = [...webhooks, ...others];
  for (const { name, details, reached } of figures)
    print([`${reached ? 'ok    ' : 'MISSED'}  ${name}`, ...details.map((one) => `        ${one}`)].join('\n'));
  return figures.every(({ reached }) => reached);
}

/** Exits on signals, so that the child processes end with the closed IPC channel. */
function exitOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
  process.setMaxListeners(0);
}

/** One platform is enough: the checks do not depend on it. */
const proofSettings = (
  { seed, platforms: [kind = 'oidc-provider'], accounts }: Arguments,
  databases: Databases,
): Omit<RowSettings, 'root'> => ({
  databases,
  seed,
  kind,
  queue: 'postgres',
  accounts: Math.min(accounts, 60),
  print,
});

const figureSettings = (
  { seed, short, platforms: [kind = 'oidc-provider'] }: Arguments,
  databases: Databases,
): PromiseSettings => ({
  databases,
  seed,
  short,
  kind,
  print,
});

async function runOne(cell: Cell, given: Arguments, databases: Databases): Promise<Result> {
  const { row, kind, queue } = cell;
  const { seed, accounts, verbose } = given;
  const log = (text: string): void => {
    if (verbose) print(`    ${text}`);
  };
  const ran = await runRow(row, { databases, seed, kind, queue, accounts, print: log }).catch(
    (error: unknown) => error,
  );
  const counts = ran instanceof Error ? NO_COUNTS : (ran as Counts);
  const misses = ran instanceof Error ? [`the run failed: ${ran.message}`] : missesOf(counts, row.figure);
  print(
    `${misses.length === 0 ? 'ok    ' : 'MISSED'}  ${row.name} (${kind}, ${queue}): ${counts.faults} faults, ${counts.rotations} rotations, ${counts.lost} lost, ${counts.seconds} s`,
  );
  if (row.design === 'product')
    for (const { invariant, what } of counts.breaches.slice(0, SHOWN_BREACHES))
      print(`        ${invariant} (${INVARIANTS[invariant]}): ${what}`);
  return { ...cell, counts, misses };
}

/** The selected rows that this machine can run. */
function possibleRows({ short, only, share }: Arguments): Row[] {
  const sizes = short ? SHORT : LONG;
  const rows = rowsAt({ ...sizes, share: share ?? sizes.share }).filter(
    ({ name }) => name.includes(only) && (!short || only !== '' || SHORT_ROWS.includes(name)),
  );
  const unable = rows.filter(({ needsDisk }) => needsDisk).filter(() => !canMountDisks());
  for (const { name } of unable) print(`No disk can be mounted here: "${name}" is skipped.`);
  return rows.filter((row) => !unable.includes(row));
}

/** The control has no queue, and some rows need Redis. */
function isOn({ needsRedis, design }: Row, queue: 'postgres' | 'redis'): boolean {
  return queue === 'redis' ? design === 'product' : !needsRedis;
}

function line({ row, kind, queue, counts, misses }: Result): (string | number)[] {
  const { faults, rotations, lost, reported, inFlight, falseAlarms, seconds } = counts;
  const shownQueue = row.design === 'control' ? '-' : queue;
  return [
    row.name,
    kind,
    shownQueue,
    faults,
    rotations,
    lost,
    reported,
    inFlight,
    falseAlarms,
    seconds,
    misses.length === 0 ? 'yes' : 'NO',
  ];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
