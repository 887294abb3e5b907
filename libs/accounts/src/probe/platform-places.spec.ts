import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PlatformPlaces } from './platform-places.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const LIMITS = { most: 1, within: 1_000 };

describe('a counter of the places of platforms', () => {
  it('refuses a call when no place is freed in time, and gives other platforms their own', async () => {
    const places = new PlatformPlaces();
    expect(await places.take('x', LIMITS)).toBe(true);
    const second = places.take('x', LIMITS);
    expect(await places.take('y', LIMITS)).toBe(true);
    jest.advanceTimersByTime(LIMITS.within);
    expect(await second).toBe(false);
    places.free('x');
    expect(await places.take('x', LIMITS)).toBe(true);
  });

  it('gives a freed place to the call that has waited longest, and never gives more than the limit', async () => {
    const places = new PlatformPlaces();
    expect(await places.take('x', LIMITS)).toBe(true);
    const [second, third] = [places.take('x', LIMITS), places.take('x', LIMITS)];
    places.free('x');
    expect(await second).toBe(true);
    jest.advanceTimersByTime(LIMITS.within);
    expect(await third).toBe(false);
  });
});
