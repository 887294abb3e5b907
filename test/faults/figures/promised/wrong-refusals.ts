import { runOutages } from '../../outages/outages.js';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const MINUTES = [1, 10, 60];
const SHAPES = {
  'refreshes alone': 'invalid_grant for every grant, API works',
  'probes alone': 'tokens work, API refuses',
  both: 'invalid_grant for every grant, API refuses too',
};
const ACCOUNTS = { short: 20, long: 200 };

/** Endpoints that refuse every person by mistake, in virtual time. */
export async function wrongRefusals({ databases, seed, short }: PromiseSettings): Promise<PromisedFigure[]> {
  const figures: PromisedFigure[] = [];
  for (const minutes of short ? MINUTES.slice(0, 2) : MINUTES) {
    const rows = await runOutages({
      databaseUrls: [await databases.make()],
      accounts: short ? ACCOUNTS.short : ACCOUNTS.long,
      hours: minutes / 60,
      probes: true,
      seed,
      shapes: Object.values(SHAPES),
    });
    for (const [where, shape] of Object.entries(SHAPES)) {
      const row = rows.find((one) => one.shape === shape);
      figures.push({
        name: `every person refused for ${minutes} min, ${where}`,
        target: '0 valid accounts reported as lost',
        measured: row ? `${row.affected} of ${row.accounts}, ${row.revocations} revocations` : 'not run',
        isReached: row?.affected === 0 && row.revocations === 0,
      });
    }
  }
  return figures;
}
