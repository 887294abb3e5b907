import { describe, expect, it } from '@jest/globals';
import { momentOf, retryAfter, secondsUntilReset } from './retry-after.js';

const now = Date.parse('2026-11-22T06:00:00Z');
const SIX_HOURS = 21_600;

describe('Retry-After', () => {
  it.each([
    ['seconds', '120', 120],
    ['seconds with a fraction, rounded up', '30.5', 31],
    ['less than a second', '.2', 1],
    ['seconds between blanks', ' 120 ', 120],
    ['no seconds at all', '0', 0],
    ['several numbers, the longest of them', '60, 120.2,7', 121],
    ['an HTTP date', 'Sun, 22 Nov 2026 06:02:00 GMT', 120],
    ['a date of RFC 850', 'Sunday, 22-Nov-26 06:02:00 GMT', 120],
    ['a date of asctime, which means GMT', 'Sun Nov 22 06:02:00 2026', 120],
    ['a date of ISO 8601', '2026-11-22T07:02:00+01:00', 120],
    ['a date that is over', 'Sun, 22 Nov 2026 05:00:00 GMT', 0],
    ['a day', '86400', SIX_HOURS],
    ['a date next week', 'Sun, 29 Nov 2026 06:00:00 GMT', SIX_HOURS],
    ['a number beyond all numbers', '9'.repeat(400), SIX_HOURS],
  ])('a value of %s is read as seconds, at most six hours', (_form, header, expected) => {
    expect(retryAfter(header, now)).toBe(expected);
  });

  it.each([
    '',
    'soon',
    'NaN',
    '-5',
    '+5',
    '1e3',
    '0x10',
    '30s',
    'Infinity',
    '30; 60',
    '2026-11-22',
    '.',
    ',',
    '1,',
    'Sun, 99 Nov 2026 06:02:00 GMT',
  ])('is ignored where it is "%s"', (header) => {
    expect(retryAfter(header, now)).toBeUndefined();
  });

  it('requests no wait where it is missing', () => {
    expect(retryAfter(undefined, now)).toBeUndefined();
  });
});

describe("the end of a rate limit's window", () => {
  it.each([
    ['a Unix time', { 'x-rate-limit-reset': '1795327320' }, 120],
    ['a Unix time with a fraction, rounded up', { 'x-ratelimit-reset': '1795327320.2' }, 121],
    ['a Unix time in milliseconds', { 'x-ratelimit-reset': '1795327320000' }, 120],
    ['seconds from now', { 'ratelimit-reset': '120' }, 120],
    ['what the IETF draft has', { ratelimit: '"default";r=0;t=120' }, 120],
    ['several, the latest of them', { 'x-ratelimit-reset': '7, 120', 'ratelimit-reset': '60' }, 120],
    ['a time that is over', { 'x-rate-limit-reset': '1795327000' }, 0],
    ['a time far away', { 'x-rate-limit-reset': '9999999999' }, SIX_HOURS],
    ['a number beyond all numbers', { 'x-rate-limit-reset': '9'.repeat(400) }, SIX_HOURS],
  ])('is read from %s, at most six hours ahead', (_form, headers: Record<string, string>, expected) => {
    expect(secondsUntilReset(headers, now)).toBe(expected);
  });

  it.each<Record<string, string>>([
    {},
    { 'x-rate-limit-reset': '' },
    { 'x-rate-limit-reset': 'soon' },
    { 'x-rate-limit-reset': '-5' },
    { ratelimit: '"default";r=0' },
  ])('is not known from %j', (headers) => {
    expect(secondsUntilReset(headers, now)).toBeUndefined();
  });
});

describe('a date in an answer', () => {
  it('is read by the clock of the answer, whatever the clock of this host shows', () => {
    const headers = { date: 'Sun, 22 Nov 2026 06:00:00 GMT' };
    const hostClock = now + 3_600_000;
    expect(retryAfter('Sun, 22 Nov 2026 06:02:00 GMT', momentOf(headers, hostClock))).toBe(120);
    expect(secondsUntilReset({ 'x-rate-limit-reset': String(now / 1_000 + 60) }, momentOf(headers, hostClock))).toBe(
      60,
    );
  });

  it.each([{}, { date: 'today' }])('is read by the clock of this host where the answer has none: %j', (headers) => {
    expect(momentOf(headers as Record<string, string>, now)).toBe(now);
  });
});
