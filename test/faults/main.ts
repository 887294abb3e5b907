import { readArguments, type Arguments } from './arguments.js';
import type { ServerKind } from './authorization-servers/contract.js';
import { INVARIANTS } from './check/invariants.js';
import { type Counts, missesOf } from './figures/outcome.js';
import { otherFigures } from './figures/other-figures.js';
import { renderTable } from './figures/table.js';
import type { Row } from './rows/row.js';
import { LONG, rowsAt, SHORT, SHORT_ROWS } from './rows/rows.js';
import { runRow, type RowSettings } from './rows/run-row.js';
import { proveChecks } from './sabotage/prove-checks.js';
import { Databases } from './world/databases.js';
import { redisIsHere } from './world/servers.js';
import { disksAreHere } from './world/strike.js';

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
  'told',
  'in flight',
  'false deaths',
  'seconds',
  'reached',
];
const SHOWN_BREACHES = 5;

const NOTHING: Counts = {
  faults: 0,
  rotations: 0,
  lost: 0,
  reported: 0,
  falseDeaths: 0,
  seconds: 0,
  inFlight: 0,
  breaches: [],
};

/** The exit code. */
export async function main(args: string[]): Promise<number> {
  const given = readArguments(args);
  leaveInOrder();
  say(`seed ${given.seed}`);
  const databases = await Databases.start();
  try {
    if (given.proveChecks) return (await proveChecks(proofSettings(given, databases), given.only)) ? 0 : 1;
    return (await tellAll(given, databases)) ? 0 : 1;
  } finally {
    await databases.stop();
  }
}

/** Whether everything was reached. */
async function tellAll(given: Arguments, databases: Databases): Promise<boolean> {
  const results = await runAll(given, databases);
  say(`\n${renderTable(HEADINGS, results.map(line))}\n`);
  for (const { row, kind, queue, misses } of results)
    for (const miss of misses) say(`MISSED  ${row.name} (${kind}, ${queue}): ${miss}`);
  const isWhole = await tellOthers(given, databases);
  return isWhole && results.every(({ misses }) => misses.length === 0);
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

/** Every line that the table is to have. */
function cellsOf(given: Arguments): Cell[] {
  const rows = possibleRows(given);
  if (given.queues.includes('redis') && !redisIsHere)
    say('No redis-server was found: the half of the table whose queue lives in Redis is skipped.');
  const queues = given.queues.filter((name) => name === 'postgres' || redisIsHere);
  return given.platforms.flatMap((kind) =>
    queues.flatMap((queue) => rows.filter((row) => isOn(row, queue)).map((row) => ({ row, kind, queue }))),
  );
}

/** Whether every figure beside the table is reached. The short form leaves them to the tests and benchmarks they come from. */
async function tellOthers({ short, only, seed, share }: Arguments, databases: Databases): Promise<boolean> {
  if (short) return true;
  const figures = await otherFigures({ databases, seed, share: share ?? 1, say }, only);
  for (const { name, told, reached } of figures)
    say([`${reached ? 'ok    ' : 'MISSED'}  ${name}`, ...told.map((one) => `        ${one}`)].join('\n'));
  return figures.every(({ reached }) => reached);
}

/** What we started leaves when we do, by its channel to us or by our last word. */
function leaveInOrder(): void {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
  process.setMaxListeners(0);
}

/** What a check must see, it sees on one platform as on the other. */
const proofSettings = (
  { seed, platforms: [kind = 'oidc-provider'], accounts }: Arguments,
  databases: Databases,
): Omit<RowSettings, 'root'> => ({
  databases,
  seed,
  kind,
  queue: 'postgres',
  accounts: Math.min(accounts, 60),
  say,
});

async function runOne(cell: Cell, given: Arguments, databases: Databases): Promise<Result> {
  const { row, kind, queue } = cell;
  const { seed, accounts, verbose } = given;
  const tell = (text: string): void => {
    if (verbose) say(`    ${text}`);
  };
  const ran = await runRow(row, { databases, seed, kind, queue, accounts, say: tell }).catch((error: unknown) => error);
  const counts = ran instanceof Error ? NOTHING : (ran as Counts);
  const misses = ran instanceof Error ? [`it broke off: ${ran.message}`] : missesOf(counts, row.figure);
  say(
    `${misses.length === 0 ? 'ok    ' : 'MISSED'}  ${row.name} (${kind}, ${queue}): ${counts.faults} faults, ${counts.rotations} rotations, ${counts.lost} lost, ${counts.seconds} s`,
  );
  if (row.design === 'product')
    for (const { invariant, what } of counts.breaches.slice(0, SHOWN_BREACHES))
      say(`        ${invariant} (${INVARIANTS[invariant]}): ${what}`);
  return { ...cell, counts, misses };
}

/** The rows that are asked for and can be run here. */
function possibleRows({ short, only, share }: Arguments): Row[] {
  const sizes = short ? SHORT : LONG;
  const rows = rowsAt({ ...sizes, share: share ?? sizes.share }).filter(
    ({ name }) => name.includes(only) && (!short || only !== '' || SHORT_ROWS.includes(name)),
  );
  const unable = rows.filter(({ needsDisk }) => needsDisk).filter(() => !disksAreHere());
  for (const { name } of unable) say(`No disk can be mounted here: "${name}" is skipped.`);
  return rows.filter((row) => !unable.includes(row));
}

/** The control has no queue, and some rows are about Redis alone. */
function isOn({ needsRedis, design }: Row, queue: 'postgres' | 'redis'): boolean {
  return queue === 'redis' ? design === 'product' : !needsRedis;
}

function line({ row, kind, queue, counts, misses }: Result): (string | number)[] {
  const { faults, rotations, lost, reported, inFlight, falseDeaths, seconds } = counts;
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
    falseDeaths,
    seconds,
    misses.length === 0 ? 'yes' : 'NO',
  ];
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
