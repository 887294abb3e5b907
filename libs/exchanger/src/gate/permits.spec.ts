import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MINUTE, SECOND } from '../../../../test/support/grant-facts.js';
import { type Half, Permits } from './permits.js';

const half = fc.constantFrom<Half>('due', 'forced');
const requests = fc.array(fc.record({ wait: fc.nat({ max: 3_000 }), half, alone: fc.boolean() }), { maxLength: 300 });

/** The moments at which permits were given. */
function given(permits: Permits, list: { wait: number; half: Half; alone: boolean }[]): number[] {
  let now = 0;
  return list.flatMap((admissionRequest) => {
    now += admissionRequest.wait;
    return permits.take(admissionRequest.half, now, admissionRequest.alone) ? [now] : [];
  });
}

/** How many of them one half gets when it takes all it can for so long. */
function most(permits: Permits, from: number, to: number, take: () => Half, alone: boolean): number {
  let count = 0;
  for (let now = from; now < to; now += 10) while (permits.take(take(), now, alone)) count += 1;
  return count;
}

describe('permits', () => {
  it('grants in no window more permits than its length brings and one second more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), requests, (rate, list) => {
        const times = given(new Permits(rate, 0), list);
        for (const [first, from] of times.entries()) {
          for (const [more, to] of times.slice(first).entries()) {
            expect(more + 1).toBeLessThanOrEqual((rate * (to - from)) / SECOND + rate + 0.001);
          }
        }
      }),
    );
  });

  it('grants the whole rate to one kind while the other has no requests', () => {
    for (const kind of ['due', 'forced'] as const) {
      expect(most(new Permits(50, 0), 0, 20 * SECOND, () => kind, true)).toBeCloseTo(50 * 20 + 50, -1.5);
    }
  });

  it('grants half of the rate to each kind when both have more requests', () => {
    const permits = new Permits(50, 0);
    const due = most(permits, 0, 20 * SECOND, () => 'due', false);
    expect(due).toBeGreaterThanOrEqual(25 * 20);
    expect(due).toBeLessThanOrEqual(25 * 21 + 1);
    expect(permits.has('forced', 20 * SECOND, false)).toBe(true);
  });

  it('come to an app with less than one a second too', () => {
    expect(most(new Permits(0.2, 0), 0, MINUTE, () => 'due', true)).toBeGreaterThanOrEqual(12);
    expect(most(new Permits(0.2, 0), 0, MINUTE, () => 'due', true)).toBeLessThanOrEqual(14);
  });

  it('begin at a tenth after a breaker closed and are all there five minutes later', () => {
    const permits = new Permits(50, 0);
    permits.ramp(MINUTE);
    const perSecond = [0, 150, 300, 400].map((second) => {
      const from = MINUTE + second * SECOND;
      most(permits, from - SECOND, from, () => 'due', true);
      return most(permits, from, from + 10 * SECOND, () => 'due', true) / 10;
    });
    expect(perSecond[0]).toBeLessThan(7);
    expect(perSecond[1]).toBeGreaterThan(25);
    expect(perSecond[1]).toBeLessThan(31);
    expect(perSecond[2]).toBeGreaterThan(49);
    expect(perSecond[3]).toBeLessThan(51);
  });

  it('grants a permit at the promised moment', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.nat({ max: 10_000 }),
        fc.boolean(),
        fc.boolean(),
        (rate, start, ramp, alone) => {
          const permits = new Permits(rate, start);
          if (ramp) permits.ramp(start);
          while (permits.take('due', start, alone));
          expect(permits.has('due', permits.nextAt(start, 'due', alone), alone)).toBe(true);
        },
      ),
    );
  });
});
