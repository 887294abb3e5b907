import { describe, expect, it } from '@jest/globals';
import { clockSteps, drawPlan, flushes, freezes, type PlanShape, postgresStops, seedOf, signals } from './draw-plan.js';
import { describeFault } from './fault.js';

const shape: PlanShape = {
  pause: [100, 900],
  faults: [
    signals(['worker', 'api'], ['SIGKILL']),
    freezes(['exchanger'], [5_000, 90_000]),
    postgresStops([200, 3_000]),
    clockSteps(['api'], [1, 2]),
    flushes(),
  ],
};

describe('a plan of faults', () => {
  it('is the same for the same seed, so that a run can be repeated', () => {
    expect(drawPlan(shape, 42)).toEqual(drawPlan(shape, 42));
  });

  it('is different for another seed', () => {
    expect(drawPlan(shape, 42)).not.toEqual(drawPlan(shape, 43));
  });

  it('contains every kind that its row requires, and no other', () => {
    const kinds = new Set(drawPlan(shape, 7).map(({ fault }) => fault.kind));
    expect([...kinds].sort()).toEqual(['clock', 'flushall', 'freeze', 'postgres', 'signal']);
  });

  it('has only lengths that its row allows', () => {
    const plan = drawPlan(shape, 7);
    expect(plan.every(({ pause }) => pause >= 100 && pause <= 900)).toBe(true);
    const frozen = plan.map(({ fault }) => fault).filter((fault) => fault.kind === 'freeze');
    expect(frozen.every(({ lasts }) => lasts >= 5_000 && lasts <= 90_000)).toBe(true);
  });

  it('strikes several processes of a kind, not always the first', () => {
    const struck = drawPlan(shape, 7)
      .map(({ fault }) => fault)
      .filter((fault) => fault.kind === 'signal');
    expect(new Set(struck.map(({ which }) => which)).size).toBeGreaterThan(1);
  });

  it('differs from row to row of one run', () => {
    expect(seedOf(42, 'worker kill')).not.toBe(seedOf(42, 'exchanger kill'));
    expect(seedOf(42, 'worker kill')).toBe(seedOf(42, 'worker kill'));
  });

  it('is printed with one line a fault', () => {
    expect(describeFault({ kind: 'signal', target: 'api', signal: 'SIGTERM', which: 1 })).toBe(
      'signal target=api signal=SIGTERM which=1',
    );
  });
});
