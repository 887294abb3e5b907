import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MINUTE, SECOND } from '../../../../test/support/grant-facts.js';
import { type Breaker, failedWithin, isAlarming, LONGEST_WAIT, opened, probed, probing } from './breaker.js';

const tally = (ok: number, permanent: number, temporary: number) => ({ ok, permanent, temporary });
const count = fc.nat({ max: 3_000 });

describe('a breaker opens', () => {
  it('never by fewer than ten grants, whatever the others met', () => {
    const few = fc.nat({ max: 9 });
    fc.assert(fc.property(count, few, few, (ok, permanent, temporary) => !isAlarming(tally(ok, permanent, temporary))));
  });

  it.each([
    ['ten refused, none accepted', tally(0, 10, 0), true],
    ['three of ten refused', tally(70, 30, 0), true],
    ['fewer than three of ten refused', tally(71, 29, 0), false],
    ['half of them failing', tally(10, 0, 10), true],
    ['fewer than half failing', tally(11, 0, 10), false],
    ['two hundred revoked among two thousand', tally(1_800, 200, 0), false],
    ['refusals and failures that are each too few', tally(30, 15, 40), false],
  ])('a tally with %s: %j opens the breaker: %p', (_what, seen, alarming) => {
    expect(isAlarming(seen)).toBe(alarming);
  });

  it('no more easily for more oks', () => {
    fc.assert(
      fc.property(
        count,
        count,
        count,
        count,
        (ok, more, permanent, temporary) =>
          isAlarming(tally(ok, permanent, temporary)) || !isAlarming(tally(ok + more, permanent, temporary)),
      ),
    );
  });
});

/** Probes at every chance until it closes; what each moment's probe meets is given. */
function probeOn(isUp: (now: number) => boolean, until: number): { probes: number[]; closedAt: number | null } {
  const probes: number[] = [];
  let breaker: Breaker = opened(0);
  let now = 0;
  while (breaker.state !== 'closed' && now <= until) {
    now = breaker.state === 'open' ? breaker.probeAt : now + SECOND;
    probes.push(now);
    breaker = probed(probing(breaker), isUp(now), now);
  }
  return { probes, closedAt: breaker.state === 'closed' ? now : null };
}

describe('an open breaker', () => {
  it('admits one request after 30 s, then 1, 2 and 5 minutes, then every 5 minutes', () => {
    const { probes } = probeOn(() => false, 30 * MINUTE);
    const waits = probes.map((at, n) => at - (probes[n - 1] ?? 0));
    expect(waits.slice(0, 7)).toEqual([
      30 * SECOND,
      MINUTE,
      2 * MINUTE,
      5 * MINUTE,
      5 * MINUTE,
      5 * MINUTE,
      5 * MINUTE,
    ]);
  });

  it('closes after three oks in a row, and not before', () => {
    expect(probeOn((now) => now !== 31 * SECOND, MINUTE).closedAt).toBe(null);
    expect(probeOn(() => true, MINUTE).closedAt).toBe(32 * SECOND);
  });

  it('closes within five minutes and three answers of the return of its platform, however long that was away', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 48 * 60 }), (minute) => {
        const back = minute * MINUTE;
        const { closedAt } = probeOn((now) => now >= back, back + 10 * MINUTE);
        return closedAt !== null && closedAt - back <= LONGEST_WAIT + 3 * SECOND + 30 * SECOND;
      }),
    );
  });

  it('sends again after half a minute when one ok came before the failure', () => {
    const half = probed(probing(opened(0, 3)), true, MINUTE);
    expect(probed(half, false, 2 * MINUTE)).toEqual({ state: 'open', probeAt: 2.5 * MINUTE, failed: 0 });
  });

  it('that a restart finds continues according to its age', () => {
    expect([0, 29, 31, 89, 91, 400, 999_999].map((openFor) => failedWithin(openFor * SECOND))).toEqual([
      0, 0, 1, 1, 2, 3, 4,
    ]);
  });
});
