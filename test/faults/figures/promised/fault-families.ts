import { type Counts, missesOf } from '../outcome.js';
import type { Row } from '../../rows/row.js';
import { LONG, rowsAt, SHORT } from '../../rows/rows.js';
import { isOfFamily } from '../../rows/families.js';
import { type RowSettings, runRow } from '../../rows/run-row.js';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const ACCOUNTS = { short: 60, long: 400 };
/** Of the counts of the long form: the whole table is another command. */
const SHARE = { short: 0.02, long: 0.2 };
/** The rows that take seconds. */
const SHORT_ROWS = [
  'answers: errors after the rotation, 10 s grace',
  'answers: encodings and poison text, strict',
  'answers: refusals that no table lists, strict',
];

/** Runs the rows of the fault families, and sums their losses. */
export async function families(settings: PromiseSettings): Promise<PromisedFigure[]> {
  const { short, print } = settings;
  const rows = rowsAt({ ...(short ? SHORT : LONG), share: short ? SHARE.short : SHARE.long }).filter(
    (row) => isOfFamily(row) && (!short || SHORT_ROWS.includes(row.name)),
  );
  const results: { row: Row; counts: Counts; misses: string[] }[] = [];
  for (const row of rows) {
    const counts = await runRow(row, { ...rowSettings(settings), print: () => undefined });
    const misses = missesOf(counts, row.figure);
    print(`        ${row.name}: ${counts.rotations} rotations, ${counts.lost} lost ${misses.join(', ')}`);
    results.push({ row, counts, misses });
  }
  return (['none', 'in_flight'] as const).flatMap((loses) => sumUp(results, loses));
}

const rowSettings = ({ databases, seed, kind, short }: PromiseSettings): Omit<RowSettings, 'print'> => ({
  databases,
  seed,
  kind,
  queue: 'postgres',
  accounts: short ? ACCOUNTS.short : ACCOUNTS.long,
});

function sumUp(
  results: readonly { row: Row; counts: Counts; misses: string[] }[],
  loses: 'none' | 'in_flight',
): PromisedFigure[] {
  const mine = results.filter(({ row }) => row.figure.loses === loses);
  const sum = (what: 'lost' | 'rotations' | 'inFlight'): number =>
    mine.reduce((all, { counts }) => all + counts[what], 0);
  const missed = mine.filter(({ misses }) => misses.length > 0).map(({ row }) => row.name);
  if (mine.length === 0) return [];
  const figure = {
    name: loses === 'none' ? 'lost in the fault families' : 'lost where exchangers are killed, strict platform',
    target: loses === 'none' ? '0 of all rotations' : 'at most those in flight, each reported',
    measured: `${sum('lost')} of ${sum('rotations')}, ${sum('inFlight')} in flight${missed.length > 0 ? `; missed: ${missed.join(', ')}` : ''}`,
    isReached: missed.length === 0,
  };
  return [figure];
}
