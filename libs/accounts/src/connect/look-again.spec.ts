import { describe, expect, it } from '@jest/globals';
import { afterLook, isSoon, pauseOfSweep } from './look-again.js';

const attempt = (looks: number, over = {}) => ({ looks, isFresh: true, isOverdue: false, ...over });
const wait = (looks: number, retryAfter?: number): number | undefined => {
  const after = afterLook(attempt(looks), { class: 'temporary', ...(retryAfter !== undefined && { retryAfter }) });
  return after.again ? after.wait : undefined;
};

describe('an answer that does not say whose a token set is', () => {
  it('is asked for again after 2, 5 and 10 seconds, then ever later, to ten minutes', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 20].map((looks) => wait(looks))).toEqual([
      2, 5, 10, 30, 60, 120, 240, 480, 600, 600,
    ]);
  });

  it('is asked for when the platform says, and not before its time', () => {
    expect([wait(0, 3_600), wait(8, 3_600), wait(8, 1), wait(0, 0)]).toEqual([3_600, 3_600, 600, 2]);
  });

  it('keeps the browser waiting for the first three times only, and not for a platform that wants more time', () => {
    expect([isSoon(0, 2), isSoon(2, 10), isSoon(1, 10), isSoon(3, 10), isSoon(0, 11)]).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect([pauseOfSweep(2), pauseOfSweep(240)]).toEqual([30, 240]);
  });

  it('ends the attempt at once where the app is refused', () => {
    expect(afterLook(attempt(0), { class: 'app' })).toEqual({ again: false, error: 'app_misconfigured' });
  });

  it.each([
    ['permission', 'missing_permissions'],
    ['owner', 'exchange_failed'],
  ] as const)('needs a second one where it is %s', (kind, error) => {
    expect(afterLook(attempt(0), { class: kind })).toEqual({ again: true, error, wait: 2 });
    expect(afterLook(attempt(1), { class: kind })).toEqual({ again: false, error });
  });

  it('refuses a token set only when that is no longer fresh, and was refused before', () => {
    expect(afterLook(attempt(9), { class: 'permanent' })).toMatchObject({ again: true });
    expect(afterLook(attempt(0, { isFresh: false }), { class: 'permanent' })).toMatchObject({ again: true });
    expect(afterLook(attempt(3, { isFresh: false }), { class: 'permanent' })).toEqual({
      again: false,
      error: 'exchange_failed',
    });
  });

  it('is the last one after an hour', () => {
    expect(afterLook(attempt(0, { isOverdue: true }), { class: 'temporary' })).toEqual({
      again: false,
      error: 'provider_unavailable',
    });
  });
});
