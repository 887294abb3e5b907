import fc from 'fast-check';
import type { Mode } from './authorization-server.js';
import { drain } from './drain.js';
import { applyEvent } from './schedule.js';
import type { Wiring } from './wiring.js';
import { World } from './world.js';

const MODES: Mode[] = ['rotating_strict', 'rotating_strict', 'rotating_grace', 'static'];

/** One random history: the initial state of the world and its schedule of events. */
export interface History {
  mode: Mode;
  grants: number;
  schedule: number[];
}

const histories = fc.record<History>({
  mode: fc.constantFrom(...MODES),
  grants: fc.integer({ min: 1, max: 3 }),
  schedule: fc.array(fc.nat({ max: 2 ** 31 - 1 }), { maxLength: 600, size: 'max' }),
});

/** Runs a history to its end. Throws a Violation. */
function runHistory(wiring: Wiring, { mode, grants, schedule }: History, lines?: string[]): World {
  const world = new World(wiring, mode, grants);
  world.lines = lines;
  for (const entry of schedule) applyEvent(world, entry);
  drain(world);
  return world;
}

export interface Exploration {
  runs: number;
  seed: number;
  /** The path of an earlier finding, to replay it. */
  path?: string | undefined;
  /** Searches for the shortest schedule that shows the violation. */
  shrinks?: boolean;
}

/** The shortest history that violates an invariant, with its trace. */
export interface Finding {
  error: Error;
  path: string | null;
  trace: string;
}

/** Runs many histories. `onHistory` receives each valid one; the first violation is returned. */
export function explore(
  wiring: Wiring,
  { runs, seed, path, shrinks = true }: Exploration,
  onHistory: (world: World) => void = () => undefined,
): Finding | undefined {
  const property = fc.property(histories, (history) => {
    onHistory(runHistory(wiring, history));
  });
  const { failed, counterexample, counterexamplePath } = fc.check(property, {
    numRuns: runs,
    seed,
    path: path ?? '',
    endOnFailure: !shrinks,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the type of its successor, fc.unbiased(), accepts no typed property.
    unbiased: true,
  });
  return failed && counterexample ? { ...traceOf(wiring, counterexample[0]), path: counterexamplePath } : undefined;
}

function traceOf(wiring: Wiring, history: History): Pick<Finding, 'error' | 'trace'> {
  const lines = [`${history.mode}, ${history.grants} grants`];
  try {
    runHistory(wiring, history, lines);
  } catch (error) {
    return { error: error as Error, trace: [...lines, String(error)].join('\n') };
  }
  return { error: new Error('the violation does not occur again'), trace: '' };
}
