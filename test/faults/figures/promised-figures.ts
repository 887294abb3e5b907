import type { ServerKind } from '../authorization-servers/contract.js';
import type { Databases } from '../world/databases.js';
import { families } from './promised/fault-families.js';
import { gatewayErrors } from './promised/gateway-errors.js';
import { hangingStart } from './promised/hanging-start.js';
import { keptEntry } from './promised/kept-entry.js';
import { killWindow } from './promised/kill-window.js';
import { revokedGrants } from './promised/revoked-grants.js';
import { wrongRefusals } from './promised/wrong-refusals.js';
import { renderTable } from './table.js';

/** One figure that the product promises. */
export interface PromisedFigure {
  name: string;
  target: string;
  measured: string;
  isReached: boolean;
}

export interface PromiseSettings {
  databases: Databases;
  seed: number;
  /** Smaller samples. */
  short: boolean;
  kind: ServerKind;
  print: (text: string) => void;
}

export type Measurement = (settings: PromiseSettings) => Promise<PromisedFigure[]>;

/** The measurements by the name that `--only` selects. */
const MEASUREMENTS: Record<string, Measurement> = {
  'gateway errors': gatewayErrors,
  'wrong refusals': wrongRefusals,
  revoked: revokedGrants,
  families,
  'hanging start': hangingStart,
  'kept entry': keptEntry,
  'kill window': killWindow,
};

/**
 * The short form measures these only where they are selected: forty kills are too few for a ratio, and the time of a start on a
 * machine that runs other tests is the time of those.
 */
const LONG_ONLY = ['kill window', 'hanging start'];

const chosen = ({ short }: PromiseSettings, only: string): [string, Measurement][] =>
  Object.entries(MEASUREMENTS).filter(
    ([name]) => name.includes(only) && (only !== '' || !short || !LONG_ONLY.includes(name)),
  );

/** Prints one line for each figure whose measurement contains `only`; returns whether all targets are reached. */
export async function reportPromisedFigures(settings: PromiseSettings, only: string): Promise<boolean> {
  const figures: PromisedFigure[] = [];
  for (const [name, measure] of chosen(settings, only)) {
    const startedAt = Date.now();
    const measured = await measure(settings).catch((error: unknown) => [failed(name, error)]);
    for (const figure of measured) settings.print(describeFigure(figure));
    settings.print(`        ${name}: ${Math.round((Date.now() - startedAt) / 1_000)} s`);
    figures.push(...measured);
  }
  settings.print(`\n${renderTable(HEADINGS, figures.map(toLine))}\n`);
  return figures.length > 0 && figures.every(({ isReached }) => isReached);
}

const HEADINGS = ['figure', 'target', 'measured', 'reached'];

const toLine = ({ name, target, measured, isReached }: PromisedFigure): string[] => [
  name,
  target,
  measured,
  isReached ? 'yes' : 'NO',
];

const describeFigure = ({ name, target, measured, isReached }: PromisedFigure): string =>
  `${isReached ? 'ok    ' : 'MISSED'}  ${name}: ${measured} (${target})`;

const failed = (name: string, error: unknown): PromisedFigure => ({
  name,
  target: 'a measurement that ends',
  measured: `failed: ${error instanceof Error ? error.message : String(error)}`,
  isReached: false,
});
