import type { Breach } from '../check/invariants.js';
import { renderTable } from '../figures/table.js';
import { LONG, rowsAt, SHORT } from '../rows/rows.js';
import { runRow, type RowSettings } from '../rows/run-row.js';
import { breakTree } from './broken-tree.js';
import { type Sabotage, SABOTAGES } from './sabotages.js';

/** Runs a small row on the product with each defect; returns whether every check detects its defect. */
export async function proveChecks(settings: Omit<RowSettings, 'root'>, only: string): Promise<boolean> {
  const seen: [Sabotage, Breach[]][] = [];
  for (const sabotage of SABOTAGES.filter(({ name, seenBy }) => `${seenBy} ${name}`.includes(only))) {
    const breaches = await breachesUnder(sabotage, settings);
    const mine = breaches.filter(({ invariant }) => invariant === sabotage.seenBy);
    settings.print(
      `${mine.length > 0 ? 'detected' : 'MISSED  '}  ${sabotage.seenBy}: ${sabotage.name}${mine[0] ? ` — ${mine[0].what}` : ''}`,
    );
    seen.push([sabotage, mine]);
  }
  settings.print(
    `\n${renderTable(
      ['check', 'defect', 'detected'],
      seen.map(([{ seenBy, name }, mine]) => [seenBy, name, mine.length]),
    )}\n`,
  );
  return seen.every(([, mine]) => mine.length > 0);
}

async function breachesUnder(
  { row: name, share, cuts }: Sabotage,
  settings: Omit<RowSettings, 'root'>,
): Promise<Breach[]> {
  const row = rowsAt({ ...LONG, share, longest: SHORT.longest }).find((one) => one.name === name);
  if (!row) throw new Error(`there is no row "${name}"`);
  const tree = breakTree(cuts);
  try {
    return (await runRow(row, { ...settings, root: tree.root })).breaches.slice();
  } finally {
    tree.remove();
  }
}
