import { join } from 'node:path';
import { runOutages } from '../outages/outages.js';
import { runRevocations } from '../outages/revocations.js';
import type { Databases } from '../world/databases.js';
import { ROOT } from '../../../tools/start/root.mjs';
import { run } from '../../../tools/start/run.mjs';

/** A figure outside the table: its result, and whether the target is reached. */
export interface OtherFigure {
  name: string;
  details: string[];
  reached: boolean;
}

export interface FigureSettings {
  databases: Databases;
  seed: number;
  /** The share of the accounts and hours of the long form. */
  share: number;
  /** Prints intermediate results. */
  print: (text: string) => void;
}

const OUTAGE = { accounts: 1_000, hours: 24, wellWithin: 15 };
const REVOKED = { accounts: 2_000, revoked: 200 };
/** The benchmarks print a ratio and milliseconds; docs/faults.md has the targets. */
const BENCHES = [
  { name: 'journal: answer in memory until it is on disk', file: 'journal.mjs' },
  { name: 'exchanger throughput', file: 'exchanger.mjs' },
  { name: 'exchanger memory with 10,000 queued', file: 'exchanger-memory.mjs' },
];

/** Measures the figures outside the table whose name contains `only`. */
export async function otherFigures(settings: FigureSettings, only: string): Promise<OtherFigure[]> {
  const measurements: [string, () => Promise<OtherFigure>][] = [
    ['outages in virtual time', () => outages(settings)],
    ['revoked among many', () => revocations(settings)],
    ...BENCHES.map(({ name, file }): [string, () => Promise<OtherFigure>] => [name, () => bench(name, file)]),
  ];
  const figures: OtherFigure[] = [];
  for (const [name, measure] of measurements) if (name.includes(only)) figures.push(await measure());
  return figures;
}

async function outages({ databases, seed, share, print }: FigureSettings): Promise<OtherFigure> {
  const accounts = Math.max(10, Math.round(OUTAGE.accounts * share));
  const hours = Math.max(1, Math.round(OUTAGE.hours * share));
  // Three lanes: while one waits for its database, another uses the processor.
  const databaseUrls = [await databases.make(), await databases.make(), await databases.make()];
  const rows = await runOutages(
    { databaseUrls, accounts, hours, seed },
    ({ shape, affected, refreshedWithin, seconds }) => {
      print(
        `        ${shape}: ${affected} of ${accounts} accounts affected, all refreshed ${refreshedWithin ?? 'not'} min after the outage (${seconds} s)`,
      );
    },
  );
  const isReached = ({ affected, refreshedWithin }: (typeof rows)[number]): boolean =>
    affected === 0 && refreshedWithin !== null && refreshedWithin <= OUTAGE.wellWithin;
  return {
    name: `${rows.length} shapes of outage, ${hours} virtual hours each`,
    details: [],
    reached: rows.length > 0 && rows.every(isReached),
  };
}

async function revocations({ databases, seed, share }: FigureSettings): Promise<OtherFigure> {
  const size = {
    accounts: Math.max(100, Math.round(REVOKED.accounts * share)),
    revoked: Math.max(10, Math.round(REVOKED.revoked * share)),
  };
  const { revoked, flagged, others, miscounted } = await runRevocations({
    databaseUrl: await databases.make(),
    ...size,
    seed,
  });
  return {
    name: `${revoked} revoked among ${size.accounts}`,
    details: [`${flagged} flagged, ${others} others, ${miscounted} without exactly one event`],
    reached: flagged === size.revoked && others === 0 && miscounted === 0,
  };
}

/** A benchmark prints its own figure, and exits with 1 if it misses its target. */
async function bench(name: string, file: string): Promise<OtherFigure> {
  try {
    const output = await run(process.execPath, [join(ROOT, 'bench', file)], { env: process.env });
    return { name, details: output.trim().split('\n'), reached: true };
  } catch (error) {
    return { name, details: [error instanceof Error ? error.message : String(error)], reached: false };
  }
}
