import { describe, expect, it } from '@jest/globals';
import type { OutboundOutcome } from '#outbound';
import { errorOf, decideNext, waitOfPaused } from './retry-policy.js';

const answered = (status: number, headers: Record<string, string> = {}): OutboundOutcome => ({
  ...{ kind: 'answered', status, headers, excerpt: '', durationMs: 1 },
});
const failed = (code: 'timeout' | 'connect'): OutboundOutcome => ({ kind: 'failed', code, durationMs: 1 });
const at = (attempts: number, random = 0.5, scale = 1) => ({ attempts, scale, random: () => random });
const HOUR = 3_600_000;

describe('the outcome of an attempt', () => {
  it.each([200, 201, 204, 299])('is a success with the status %d', (status) => {
    expect(decideNext(answered(status), at(0))).toEqual({ kind: 'succeeded' });
  });

  it.each([301, 307, 400, 401, 404, 500])('is a failure with the status %d: redirects are not followed', (status) => {
    expect(decideNext(answered(status), at(0))).toEqual({ kind: 'failed', wait: 5_000 });
  });

  it('ends the endpoint with the status 410', () => {
    expect(decideNext(answered(410), at(3))).toEqual({ kind: 'gone' });
  });

  it('is retried ten times, later and later, and then no more', () => {
    const waits = Array.from({ length: 11 }, (_, attempts) => decideNext(answered(500), at(attempts)));
    const minutes = waits.map((decision) =>
      decision.kind === 'failed' && decision.wait !== null ? decision.wait / 60_000 : null,
    );
    expect(minutes).toEqual([5 / 60, 1, 5, 30, 120, 300, 600, 840, 1_200, 1_440, null]);
  });

  it('is retried up to a fifth earlier or later', () => {
    expect(decideNext(answered(500), at(1, 0))).toEqual({ kind: 'failed', wait: 48_000 });
    expect(decideNext(answered(500), at(1, 1))).toEqual({ kind: 'failed', wait: 72_000 });
  });

  it.each([answered(429), answered(502), answered(503), answered(504), failed('timeout')])(
    'is retried after a minute at the earliest: %j',
    (outcome) => {
      expect(decideNext(outcome, at(0))).toEqual({ kind: 'failed', wait: 60_000 });
      expect(decideNext(outcome, at(2))).toEqual({ kind: 'failed', wait: 300_000 });
    },
  );

  it('is retried after the Retry-After of the receiver, up to an hour', () => {
    expect(decideNext(answered(500, { 'retry-after': '90' }), at(0))).toEqual({ kind: 'failed', wait: 90_000 });
    expect(decideNext(answered(503, { 'retry-after': '86400' }), at(0))).toEqual({ kind: 'failed', wait: HOUR });
    for (const odd of ['soon', '-5', '1e9', ''])
      expect(decideNext(answered(500, { 'retry-after': odd }), at(0))).toEqual({ kind: 'failed', wait: 5_000 });
  });

  it('is named in one word where there was no answer', () => {
    expect(errorOf(failed('timeout'))).toBe('timeout');
    expect(errorOf({ kind: 'refused', reason: 'address', durationMs: 0 })).toBe('url_address');
    expect(errorOf(answered(500))).toBeNull();
  });
});

describe('a paused endpoint', () => {
  it('gets one delivery an hour on the first day, then each six hours, and is disabled after two weeks', () => {
    expect(waitOfPaused(0, 1)).toBe(HOUR);
    expect(waitOfPaused(23 * HOUR, 1)).toBe(HOUR);
    expect(waitOfPaused(24 * HOUR, 1)).toBe(6 * HOUR);
    expect(waitOfPaused(13 * 24 * HOUR, 1)).toBe(6 * HOUR);
    expect(waitOfPaused(14 * 24 * HOUR, 1)).toBeNull();
  });
});

it('every wait is scaled alike, for installations that are tested', () => {
  expect(decideNext(answered(500), at(1, 0.5, 0.001))).toEqual({ kind: 'failed', wait: 60 });
  expect(waitOfPaused(0, 0.001)).toBe(3_600);
  expect(waitOfPaused(86_400, 0.001)).toBe(21_600);
  expect(waitOfPaused(14 * 86_400, 0.001)).toBeNull();
});
