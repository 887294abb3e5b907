import { describe, expect, it } from '@jest/globals';
import { isoTime } from './iso-time.js';

describe('a time', () => {
  it('is in UTC and has no milliseconds', () => {
    expect(isoTime(new Date('2026-11-22T09:15:30.987+02:00'))).toBe('2026-11-22T07:15:30Z');
    expect(isoTime(null)).toBeNull();
  });
});
