import { describe, expect, it } from '@jest/globals';
import { afterCheck, fitsBrowser, sweepWait } from './identity-check.js';

const attempt = (checks: number, over = {}) => ({
  checks,
  isFresh: true,
  isOverdue: false,
  isIdentified: false,
  ...over,
});
const wait = (checks: number, retryAfter?: number): number | undefined => {
  const after = afterCheck(attempt(checks), { class: 'temporary', ...(retryAfter !== undefined && { retryAfter }) });
  return after.again ? after.waitSeconds : undefined;
};

describe('afterCheck', () => {
  it('waits 2, 5 and 10 seconds, then ever longer up to ten minutes', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 20].map((checks) => wait(checks))).toEqual([
      2, 5, 10, 30, 60, 120, 240, 480, 600, 600,
    ]);
  });

  it('waits for the time that the platform requests, and not less than its own', () => {
    expect([wait(0, 3_600), wait(8, 3_600), wait(8, 1), wait(0, 0)]).toEqual([3_600, 3_600, 600, 2]);
  });

  it('ends the attempt at once when the platform refuses the app', () => {
    expect(afterCheck(attempt(0), { class: 'app' })).toEqual({ again: false, error: 'app_misconfigured' });
  });

  it.each([
    ['permission', 'missing_permissions'],
    ['owner', 'exchange_failed'],
  ] as const)('needs a second refusal of the class %s', (kind, error) => {
    expect(afterCheck(attempt(0), { class: kind })).toEqual({ again: true, error, waitSeconds: 2 });
    expect(afterCheck(attempt(1), { class: kind })).toEqual({ again: false, error });
  });

  it('accepts a permanent refusal only of a token set that is no longer fresh and was refused before', () => {
    expect(afterCheck(attempt(9), { class: 'permanent' })).toMatchObject({ again: true });
    expect(afterCheck(attempt(0, { isFresh: false }), { class: 'permanent' })).toMatchObject({ again: true });
    expect(afterCheck(attempt(3, { isFresh: false }), { class: 'permanent' })).toEqual({
      again: false,
      error: 'exchange_failed',
    });
  });

  it('accepts the second refusal of a token set whose person was identified before', () => {
    const identified = (checks: number) => attempt(checks, { isFresh: false, isIdentified: true });
    for (const kind of ['permanent', 'owner', 'permission'] as const) {
      expect(afterCheck(identified(0), { class: kind })).toMatchObject({ again: true });
      expect(afterCheck(identified(1), { class: kind })).toMatchObject({ again: false });
    }
    expect(afterCheck(identified(9), { class: 'temporary' })).toMatchObject({ again: true });
  });

  it('ends the attempt after an hour', () => {
    expect(afterCheck(attempt(0, { isOverdue: true }), { class: 'temporary' })).toEqual({
      again: false,
      error: 'provider_unavailable',
    });
  });
});

describe('the time of the next identity check', () => {
  it('keeps the browser waiting for three short checks at most', () => {
    expect([fitsBrowser(0, 2), fitsBrowser(2, 10), fitsBrowser(1, 10), fitsBrowser(3, 10), fitsBrowser(0, 11)]).toEqual(
      [true, true, true, false, false],
    );
  });

  it('gives the process that serves the browser 30 seconds before the sweep checks', () => {
    expect([sweepWait(2), sweepWait(240)]).toEqual([30, 240]);
  });
});
