import fc from 'fast-check';
import type { Mode } from './authorization-server.js';
import { drain } from './drain.js';
import { happen } from './schedule.js';
import type { Wiring } from './wiring.js';
import { World } from './world.js';

const MODES: Mode[] = ['rotating_strict', 'rotating_strict', 'rotating_grace', 'static'];

/** One life of a world: what it is made of, and what happens in it. */
export interface Life {
  mode: Mode;
  grants: number;
  schedule: number[];
}

const lives = fc.record<Life>({
  mode: fc.constantFrom(...MODES),
  grants: fc.integer({ min: 1, max: 3 }),
  schedule: fc.array(fc.nat({ max: 2 ** 31 - 1 }), { maxLength: 600, size: 'max' }),
});

/** Lives it to its end. Throws a Violation. */
function live(wiring: Wiring, { mode, grants, schedule }: Life, story?: string[]): World {
  const world = new World(wiring, mode, grants);
  world.story = story;
  for (const entry of schedule) happen(world, entry);
  drain(world);
  return world;
}

export interface Exploration {
  runs: number;
  seed: number;
  /** Within a run, to see it again. */
  path?: string | undefined;
  /** Looks for the shortest schedule that shows it. */
  shrinks?: boolean;
}

/** What was found: how the shortest life that breaks something went. */
export interface Finding {
  error: Error;
  path: string | null;
  story: string;
}

/** Lives many lives. `onLife` sees each that went well; the first that did not is returned. */
export function explore(
  wiring: Wiring,
  { runs, seed, path, shrinks = true }: Exploration,
  onLife: (world: World) => void = () => undefined,
): Finding | undefined {
  const property = fc.property(lives, (life) => {
    onLife(live(wiring, life));
  });
  const { failed, counterexample, counterexamplePath } = fc.check(property, {
    numRuns: runs,
    seed,
    path: path ?? '',
    endOnFailure: !shrinks,
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the type of its successor, fc.unbiased(), accepts no typed property.
    unbiased: true,
  });
  return failed && counterexample ? { ...toldOf(wiring, counterexample[0]), path: counterexamplePath } : undefined;
}

function toldOf(wiring: Wiring, life: Life): Pick<Finding, 'error' | 'story'> {
  const story = [`${life.mode}, ${life.grants} grants`];
  try {
    live(wiring, life, story);
  } catch (error) {
    return { error: error as Error, story: [...story, String(error)].join('\n') };
  }
  return { error: new Error('it does not happen again'), story: '' };
}
