import { describe, expect, it } from '@jest/globals';
import { type Counts, missesOf } from './outcome.js';
import { renderTable } from './table.js';

const counts = (changes: Partial<Counts> = {}): Counts => ({
  faults: 100,
  rotations: 3_000,
  lost: 0,
  reported: 0,
  falseDeaths: 0,
  seconds: 60,
  inFlight: 0,
  breaches: [],
  ...changes,
});

describe('what a row must reach', () => {
  const none = { faults: 100, rotations: 3_000, loses: 'none' as const };

  it('is reached when nothing was lost under enough faults', () => {
    expect(missesOf(counts(), none)).toEqual([]);
  });

  it('is missed by one lost account, one false death, or a promise that was broken', () => {
    expect(missesOf(counts({ lost: 1, reported: 1 }), none)).toEqual(['1 lost, 0 allowed']);
    expect(missesOf(counts({ falseDeaths: 1 }), none)).toEqual(['1 called dead that live']);
    expect(missesOf(counts({ breaches: [{ invariant: 'I3', what: '' }] }), none)).toEqual(['I3 broken (1)']);
  });

  it('is missed by a run that was too small to say anything', () => {
    expect(missesOf(counts({ faults: 99, rotations: 2_999 }), none)).toEqual([
      'only 99 of 100 faults',
      'only 2999 of 3000 rotations',
    ]);
  });

  it('allows a strict platform to cost what was under way, if all of it is told', () => {
    const strict = { ...none, loses: 'in_flight' as const };
    expect(missesOf(counts({ lost: 8, reported: 8, inFlight: 10 }), strict)).toEqual([]);
    expect(missesOf(counts({ lost: 11, reported: 11, inFlight: 10 }), strict)).toEqual(['11 lost, 10 allowed']);
    expect(missesOf(counts({ lost: 8, reported: 7, inFlight: 10 }), strict)).toEqual(['1 lost and not told']);
  });

  it('wants the control to lose', () => {
    const some = { ...none, loses: 'some' as const };
    expect(missesOf(counts(), some)).toEqual(['the control lost nothing, so nothing is proven']);
    expect(missesOf(counts({ lost: 40, breaches: [{ invariant: 'I1', what: '' }] }), some)).toEqual([]);
  });
});

describe('the table', () => {
  it('has numbers to the right and words to the left', () => {
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
