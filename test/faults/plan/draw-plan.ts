import fc from 'fast-check';
import type { Rewriting } from '../authorization-servers/contract.js';
import type {
  CrashPoint,
  ErrorShape,
  Fault,
  JournalFault,
  KeyFault,
  PlannedFault,
  RefusedAt,
  Signal,
  Target,
  WireFault,
} from './fault.js';

/** What a row draws its faults from; lengths are [shortest, longest] in milliseconds. */
export interface PlanShape {
  pause: readonly [number, number];
  faults: readonly fc.Arbitrary<Fault>[];
}

/** The longest plan: a run that needs more faults starts it again from its beginning. */
const LENGTH = 2_000;

/** Draws the faults of one row. The same seed and shape give the same plan, whatever the run does meanwhile. */
export function drawPlan(shape: PlanShape, seed: number): PlannedFault[] {
  const planned = fc.record({ pause: span(shape.pause), fault: fc.oneof(...shape.faults) });
  return fc.sample(planned, { seed, numRuns: LENGTH });
}

/** Each row of a run has a plan of its own, drawn from the run's one seed and the row's name. */
export function seedOf(runSeed: number, name: string): number {
  let hash = runSeed | 0;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}

const span = ([least, most]: readonly [number, number]): fc.Arbitrary<number> => fc.integer({ min: least, max: most });
const which = fc.nat(7);

export const signals = (targets: readonly Target[], names: readonly Signal[]): fc.Arbitrary<Fault> =>
  fc.record({
    kind: fc.constant('signal' as const),
    target: fc.constantFrom(...targets),
    signal: fc.constantFrom(...names),
    which,
  });

export const freezes = (targets: readonly Target[], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('freeze' as const), target: fc.constantFrom(...targets), which, lasts: span(lasts) });

export const postgresStops = (away: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('postgres' as const), away: span(away) });

export const redisKills = (away: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('redis' as const), away: span(away) });

export const flushes = (): fc.Arbitrary<Fault> => fc.constant({ kind: 'flushall' });

export const wireFaults = (how: readonly WireFault[], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({
    kind: fc.constant('wire' as const),
    how: fc.constantFrom(...how),
    afterBytes: fc.nat(600),
    lasts: span(lasts),
  });

export const slowAnswers = (answer: readonly [number, number], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('slow' as const), answer: span(answer), lasts: span(lasts) });

export const errorAnswers = (shapes: readonly ErrorShape[], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('errors' as const), shape: fc.constantFrom(...shapes), lasts: span(lasts) });

/** Right answers in other encodings, or with text that a database refuses. */
export const rewrites = (how: readonly Rewriting[], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('rewrites' as const), how: fc.constantFrom(...how), lasts: span(lasts) });

/** The platform refuses every person by mistake. */
export const refusals = (at: readonly RefusedAt[], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('refusals' as const), at: fc.constantFrom(...at), lasts: span(lasts) });

/** A clock that jumps, by up to a day either way. */
export const clockSteps = (
  targets: readonly (Target | 'database')[],
  lasts: readonly [number, number],
): fc.Arbitrary<Fault> =>
  fc.record({
    kind: fc.constant('clock' as const),
    target: fc.constantFrom(...targets),
    ahead: fc.constantFrom(-86_400_000, -3_600_000, -90_000, 90_000, 3_600_000, 86_400_000),
    lasts: span(lasts),
  });

export const fullDisks = (lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('disk' as const), lasts: span(lasts) });

export const journalFaults = (how: readonly JournalFault[], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('journal' as const), how: fc.constantFrom(...how), lasts: span(lasts) });

/** The database returns to a state of some milliseconds ago. */
export const failovers = (behind: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('failover' as const), behind: span(behind) });

/** The database refuses every new pair for good (SQLSTATE class 23). */
export const refusedCommits = (lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('commits' as const), lasts: span(lasts) });

export const keyFaults = (how: readonly KeyFault[], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('keys' as const), how: fc.constantFrom(...how), lasts: span(lasts) });

/** Some sealed rows do not open for a while. */
export const brokenSeals = (grants: readonly [number, number], lasts: readonly [number, number]): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('seals' as const), grants: span(grants), lasts: span(lasts) });

export const crashes = (points: readonly CrashPoint[]): fc.Arbitrary<Fault> =>
  fc.record({
    kind: fc.constant('crash' as const),
    point: fc.constantFrom(...points),
    occurrence: fc.integer({ min: 1, max: 12 }),
  });
