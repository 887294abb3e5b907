import { describe, expect, it } from '@jest/globals';
import { type Counts, missesOf } from './outcome.js';
import { renderTable } from './table.js';

const counts = (changes: Partial<Counts> = {}): Counts => ({
  faults: 100,
  rotations: 3_000,
  lost: 0,
  reported: 0,
  falseAlarms: 0,
  seconds: 60,
  inFlight: 0,
  breaches: [],
  ...changes,
});

describe('what a row must reach', () => {
  const none = { faults: 100, rotations: 3_000, loses: 'none' as const };

  it('is reached if no grant was lost under enough faults', () => {
    expect(missesOf(counts(), none)).toEqual([]);
  });

  it('is missed by one lost account, one false alarm or one violated invariant', () => {
    expect(missesOf(counts({ lost: 1, reported: 1 }), none)).toEqual(['1 lost, 0 allowed']);
    expect(missesOf(counts({ falseAlarms: 1 }), none)).toEqual(['1 with a valid grant need reauth']);
    expect(missesOf(counts({ breaches: [{ invariant: 'I3', what: '' }] }), none)).toEqual(['I3 broken (1)']);
  });

  it('is missed by a run with too few faults or rotations', () => {
    expect(missesOf(counts({ faults: 99, rotations: 2_999 }), none)).toEqual([
      'only 99 of 100 faults',
      'only 2999 of 3000 rotations',
    ]);
  });

  it('allows the grants in flight to be lost at a strict platform if every loss is reported', () => {
    const strict = { ...none, loses: 'in_flight' as const };
    expect(missesOf(counts({ lost: 8, reported: 8, inFlight: 10 }), strict)).toEqual([]);
    expect(missesOf(counts({ lost: 11, reported: 11, inFlight: 10 }), strict)).toEqual(['11 lost, 10 allowed']);
    expect(missesOf(counts({ lost: 8, reported: 7, inFlight: 10 }), strict)).toEqual(['1 lost and not reported']);
  });

  it('requires the control to lose grants', () => {
    const some = { ...none, loses: 'some' as const };
    expect(missesOf(counts(), some)).toEqual(['the control lost nothing, so nothing is proven']);
    expect(missesOf(counts({ lost: 40, breaches: [{ invariant: 'I1', what: '' }] }), some)).toEqual([]);
  });
});

describe('the table', () => {
  it('aligns numbers to the right and words to the left', () => {
    expect(
      renderTable(
        ['fault', 'lost'],
        [
          ['kill', 0],
          ['stop', 12],
        ],
      ),
    ).toBe('fault  lost\n-----  ----\nkill      0\nstop     12');
  });
});
