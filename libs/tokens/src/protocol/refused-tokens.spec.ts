import { describe, expect, it } from '@jest/globals';
import { at, DAY, HOUR, MINUTE, SECOND } from '../../../../test/support/grant-facts.js';
import { countRefusal, isJustIssued, isRejected, type ProbedToken } from './refused-tokens.js';

const TOKEN: ProbedToken = { mode: 'rotating_strict', issuedAt: at(0), accessExpiresAt: at(2 * HOUR), refusedAt: [] };
const moments = (...hours: number[]): Date[] => hours.map((hour) => at(hour * HOUR));
const counted = (token: Partial<ProbedToken>, hour: number): Date[] =>
  countRefusal({ ...TOKEN, ...token }, at(hour * HOUR));

describe('the refusals of the access tokens of an account', () => {
  it('count each token once', () => {
    expect(counted({}, 1)).toEqual(moments(1));
    expect(counted({ refusedAt: moments(1) }, 2)).toEqual(moments(1));
    expect(counted({ refusedAt: moments(1), issuedAt: at(HOUR + SECOND) }, 2)).toEqual(moments(1, 2));
  });

  it('count for a day, or for three days where a token can be replaced once a day', () => {
    const refusedAt = moments(0, 10);
    const issuedAt = at(11 * HOUR);
    expect(counted({ refusedAt, issuedAt }, 24)).toEqual(moments(0, 10, 24));
    expect(counted({ refusedAt, issuedAt }, 25)).toEqual(moments(10, 25));
    expect(counted({ refusedAt, issuedAt, mode: 'extend_self' }, 72)).toEqual(moments(0, 10, 72));
    expect(counted({ refusedAt, issuedAt, mode: 'extend_self' }, 73)).toEqual(moments(10, 73));
  });

  it('keep the first and the last two, so that their duration stays known', () => {
    expect(counted({ refusedAt: moments(1, 2, 3), issuedAt: at(3.5 * HOUR) }, 4)).toEqual(moments(1, 3, 4));
  });

  it('do not count from the future, where a clock was set back', () => {
    expect(counted({ refusedAt: moments(5, 6), issuedAt: at(3 * HOUR) }, 4)).toEqual(moments(4));
  });
});

describe('a decision about them', () => {
  const three = moments(0, 1, 2);
  const now = at(2 * HOUR);

  it.each([
    ['the API has accepted another account since the first', three, { others: true, acceptedAt: at(MINUTE) }, true],
    ['the API accepted another account only before', three, { others: true, acceptedAt: at(0) }, false],
    ['the API accepts no other account', three, { others: true, acceptedAt: null }, false],
    ['there is no other account for 65 minutes', three, { others: false, acceptedAt: null }, true],
    ['two tokens were refused', moments(0, 1), { others: true, acceptedAt: now }, false],
    ['no token was refused', [], { others: true, acceptedAt: now }, false],
  ])('decides where %s', (_where, refusedAt, canary, expected) => {
    expect(isRejected(refusedAt, now, canary)).toBe(expected);
  });

  it('waits where there is no other account for less than 65 minutes', () => {
    const alone = { others: false, acceptedAt: null };
    expect(isRejected(three, at(65 * MINUTE - 1), alone)).toBe(false);
    expect(isRejected(three, at(65 * MINUTE), alone)).toBe(true);
  });
});

describe('a token that was just issued', () => {
  it.each([
    [0, DAY, true],
    [5 * MINUTE - 1, DAY, true],
    [5 * MINUTE, DAY, false],
    [59 * SECOND, 2 * MINUTE, true],
    [MINUTE, 2 * MINUTE, false],
    [-1, DAY, false],
  ])('is one of an age of %i ms and a life of %i ms: %p', (age, life, expected) => {
    expect(isJustIssued({ ...TOKEN, accessExpiresAt: at(life) }, at(age))).toBe(expected);
  });
});
