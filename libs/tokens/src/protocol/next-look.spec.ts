import { describe, expect, it } from '@jest/globals';
import { at, DAY, START } from '../../../../test/support/grant-facts.js';
import { nextLook } from './next-look.js';

describe('a grant that nothing can refresh', () => {
  it.each([
    ['a week before its end', 60 * DAY, 53 * DAY],
    ['at its end, when the week has begun', 5 * DAY, 5 * DAY],
    ['at its end, in the very moment the week begins', 7 * DAY, 7 * DAY],
  ])('is looked at next %s', (_when, end, look) => {
    expect(nextLook({ accessExpiresAt: at(end) }, START)).toEqual(at(look));
  });

  it('is left alone once it has ended, or where it has no end', () => {
    expect(nextLook({ accessExpiresAt: START }, START)).toBeNull();
    expect(nextLook({ accessExpiresAt: at(-DAY) }, START)).toBeNull();
    expect(nextLook({ accessExpiresAt: null }, START)).toBeNull();
  });
});
