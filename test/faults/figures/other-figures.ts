import { join } from 'node:path';
import { runOutages } from '../outages/outages.js';
import { runRevocations } from '../outages/revocations.js';
import type { Databases } from '../world/databases.js';
import { ROOT } from '../../../tools/start/root.mjs';
import { run } from '../../../tools/start/run.mjs';

/** A figure beside the table: what it came to, and whether that is enough. */
export interface OtherFigure {
  name: string;
  told: string[];
  reached: boolean;
}

export interface FigureSettings {
  databases: Databases;
  seed: number;
  /** Of the long form's accounts and hours. */
  share: number;
  /** Tells what is known before the whole is. */
  say: (text: string) => void;
}

const OUTAGE = { accounts: 1_000, hours: 24, wellWithin: 15 };
const REVOKED = { accounts: 2_000, revoked: 200 };
/** A ratio and milliseconds, as the benchmarks print them; the wanted value is in docs/faults.md too. */
const BENCHES = [
  { name: 'journal: answer in memory until it is on disk', file: 'journal.mjs' },
  { name: 'exchanger throughput', file: 'exchanger.mjs' },
  { name: 'exchanger memory with 10,000 queued', file: 'exchanger-memory.mjs' },
];

/** Everything that is wanted beside the table; `only`: those whose name holds it. */
export async function otherFigures(settings: FigureSettings, only: string): Promise<OtherFigure[]> {
  const wanted: [string, () => Promise<OtherFigure>][] = [
    ['outages in virtual time', () => outages(settings)],
    ['revoked among many', () => revocations(settings)],
    ...BENCHES.map(({ name, file }): [string, () => Promise<OtherFigure>] => [name, () => bench(name, file)]),
  ];
  const figures: OtherFigure[] = [];
  for (const [name, measure] of wanted) if (name.includes(only)) figures.push(await measure());
  return figures;
}

async function outages({ databases, seed, share, say }: FigureSettings): Promise<OtherFigure> {
  const accounts = Math.max(10, Math.round(OUTAGE.accounts * share));
  const hours = Math.max(1, Math.round(OUTAGE.hours * share));
  // While one waits for the database, another has the processor.
  const databaseUrls = [await databases.make(), await databases.make(), await databases.make()];
  const rows = await runOutages(
    { databaseUrls, accounts, hours, seed },
    ({ shape, left, refreshedWithin, seconds }) => {
      say(
        `        ${shape}: ${left} of ${accounts} left active and degraded, all refreshed ${refreshedWithin ?? 'not'} min after (${seconds} s)`,
      );
    },
  );
  const isWell = ({ left, refreshedWithin }: (typeof rows)[number]): boolean =>
    left === 0 && refreshedWithin !== null && refreshedWithin <= OUTAGE.wellWithin;
  return {
    name: `${rows.length} shapes of outage, ${hours} virtual hours each`,
    told: [],
    reached: rows.length > 0 && rows.every(isWell),
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
    told: [`${flagged} flagged, ${others} others, ${miscounted} without exactly one event`],
    reached: flagged === size.revoked && others === 0 && miscounted === 0,
  };
}

/** A benchmark prints its own figure, and ends with 1 where it is missed. */
async function bench(name: string, file: string): Promise<OtherFigure> {
  try {
    const output = await run(process.execPath, [join(ROOT, 'bench', file)], { env: process.env });
    return { name, told: output.trim().split('\n'), reached: true };
  } catch (error) {
    return { name, told: [error instanceof Error ? error.message : String(error)], reached: false };
  }
}
