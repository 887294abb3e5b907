import { describe, expect, it } from '@jest/globals';
import { retryAfter } from './retry-after.js';

const now = Date.parse('2026-11-22T06:00:00Z');
const SIX_HOURS = 21_600;

describe('Retry-After', () => {
  it.each([
    ['seconds', '120', 120],
    ['no seconds at all', '0', 0],
    ['an HTTP date', 'Sun, 22 Nov 2026 06:02:00 GMT', 120],
    ['a date that is over', 'Sun, 22 Nov 2026 05:00:00 GMT', 0],
    ['a day', '86400', SIX_HOURS],
    ['a date next week', 'Sun, 29 Nov 2026 06:00:00 GMT', SIX_HOURS],
    ['a number beyond all numbers', '9'.repeat(400), SIX_HOURS],
  ])('of %s is so many seconds, at most six hours', (_form, header, expected) => {
    expect(retryAfter(header, now)).toBe(expected);
  });

  it.each(['', 'soon', '120, 120', 'NaN'])('that says "%s" says nothing', (header) => {
    expect(retryAfter(header, now)).toBeUndefined();
  });

  it('that is missing says nothing', () => {
    expect(retryAfter(undefined, now)).toBeUndefined();
  });
});
