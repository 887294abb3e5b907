import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { at, DAY, grantFacts, HOUR, MINUTE, SECOND, START } from '../../../../test/support/grant-facts.js';
import type { RefreshMode } from '#persistence/sql';
import {
  accessLife,
  backoff,
  endOfLife,
  isFresh,
  nextHealthChange,
  nextUtcDay,
  refreshDue,
  shortestAge,
} from './schedule.js';
import { days } from '#config';
import type { FailureClass, ProbeReading } from '#providers';
import { afterProbe, type ProbedAccount } from './after-probe.js';

const always = (value: number) => (): number => value;
const NEARLY_ONE = 1 - Number.EPSILON;
/** Milliseconds from START to the refresh of a token with that lifetime. */
const dueAfter = (
  life: number,
  random: () => number = always(0.5),
  mode: 'rotating_strict' | 'extend_self' = 'rotating_strict',
): number => refreshDue(mode, START, at(life), random)!.getTime() - START.getTime();

describe('the due time of a refresh', () => {
  it.each([
    ['two hours', 2 * HOUR],
    ['a day', DAY],
    ['sixty days', 60 * DAY],
  ])('is 80 % of a life of %s, 4 % more or less', (_what, life) => {
    expect(dueAfter(life)).toBe(0.8 * life);
    expect(dueAfter(life, always(0)) / life).toBeCloseTo(0.76);
    expect(dueAfter(life, always(NEARLY_ONE)) / life).toBeCloseTo(0.84);
  });

  it('is 19 to 29 minutes before the end of two hours, and day 45 to 51 of sixty', () => {
    const left = [always(0), always(NEARLY_ONE)].map((random) => (2 * HOUR - dueAfter(2 * HOUR, random)) / MINUTE);
    expect(left.map(Math.round)).toEqual([29, 19]);
    const day = [always(0), always(NEARLY_ONE)].map((random) => Math.round(dueAfter(60 * DAY, random) / DAY));
    expect(day).toEqual([46, 50]);
  });

  it('is never sooner than a minute, whatever a life is', () => {
    expect(dueAfter(MINUTE)).toBe(MINUTE);
    expect(dueAfter(10 * SECOND, always(0))).toBe(MINUTE);
    expect(shortestAge('rotating_strict', SECOND)).toBe(MINUTE);
  });

  it('is never sooner than a day where a token extends itself, unless it does not live that long', () => {
    expect(dueAfter(25 * HOUR, always(0), 'extend_self')).toBe(DAY);
    expect(dueAfter(60 * DAY, always(0.5), 'extend_self')).toBe(48 * DAY);
    expect(dueAfter(2 * HOUR, always(0.5), 'extend_self')).toBe(0.8 * 2 * HOUR);
  });

  it('does not exist where nothing can be sent or the token has no end', () => {
    expect(refreshDue('none', START, at(HOUR), always(0))).toBeNull();
    expect(refreshDue('rotating_strict', START, null, always(0))).toBeNull();
  });

  it('lies within the lifetime of any token that is valid for 75 seconds or more', () => {
    const lifetimes = fc.integer({ min: 75, max: 400 * 24 * 3_600 });
    fc.assert(
      fc.property(lifetimes, fc.double({ min: 0, max: NEARLY_ONE, noNaN: true }), (life, draw) => {
        const due = dueAfter(life * SECOND, always(draw));
        expect(due).toBeGreaterThanOrEqual(MINUTE);
        expect(due).toBeLessThan(life * SECOND);
      }),
    );
  });
});

describe("the end of a token's lifetime", () => {
  it.each([1, 59, 7_200, 400 * 86_400, 10_000_000_000])(
    'is the one that the platform states, %p seconds',
    (expiresIn) => {
      expect(endOfLife(START, expiresIn)).toEqual(at(expiresIn * SECOND));
    },
  );

  it.each([10 ** 12, Number.MAX_SAFE_INTEGER, Infinity])(
    'a lifetime of %p seconds ends at the last moment that a timestamp in ISO 8601 can hold',
    (expiresIn) => {
      expect(endOfLife(START, expiresIn)?.toISOString()).toBe('9999-12-31T23:59:59.000Z');
    },
  );

  it.each([null, 0, -5])('a lifetime of %p seconds is no lifetime', (expiresIn) => {
    expect(endOfLife(START, expiresIn)).toBeNull();
  });
});

describe('the lifetime of an access token', () => {
  const lifeOf = (expiresIn: number | null, mode: RefreshMode): number | null =>
    accessLife({ expiresIn }, { mode, defaultLife: 7_200 });

  it.each<RefreshMode>(['rotating_strict', 'rotating_grace', 'static', 'extend_self', 'none'])(
    'is the one that the platform states where it is renewed by %s',
    (mode) => {
      expect(lifeOf(600, mode)).toBe(600);
      expect(lifeOf(10 ** 11, mode)).toBe(10 ** 11);
    },
  );

  it.each<RefreshMode>(['rotating_strict', 'rotating_grace', 'static'])(
    "is the platform's default by %s where the answer has none, so that it is renewed in time",
    (mode) => {
      expect([null, 0].map((expiresIn) => lifeOf(expiresIn, mode))).toEqual([7_200, 7_200]);
    },
  );

  it('has no end where nothing can renew it and the answer has none', () => {
    expect([null, 0].map((expiresIn) => lifeOf(expiresIn, 'none'))).toEqual([null, null]);
  });

  it('is the default where the token extends itself and the answer has none, and has no end where the answer states that', () => {
    expect([null, 0].map((expiresIn) => lifeOf(expiresIn, 'extend_self'))).toEqual([7_200, null]);
  });
});

describe('the wait after failures', () => {
  it.each([
    [1, 30 * SECOND],
    [2, MINUTE],
    [3, 2 * MINUTE],
    [5, 8 * MINUTE],
    [6, 10 * MINUTE],
    [1_000, 10 * MINUTE],
    [10 ** 9, 10 * MINUTE],
  ])('is at most 15 s · 2ⁿ after the %ith, and never over ten minutes', (attempt, ceiling) => {
    expect(backoff(attempt, undefined, always(NEARLY_ONE))).toBeCloseTo(ceiling, 0);
    expect(backoff(attempt, undefined, always(0.5))).toBe(ceiling / 2);
  });

  it('is drawn from all of it, so that those who fell together do not come back together, but is a second at least', () => {
    expect(backoff(5, undefined, always(0))).toBe(SECOND);
  });

  it.each([0, 0.5, NEARLY_ONE])(
    'is what the platform requests and then the jitter, for its limit ends for all at once (draw %d)',
    (draw) => {
      expect(backoff(1, 6 * 3_600, always(draw))).toBe(6 * HOUR + Math.max(SECOND, 30 * SECOND * draw));
      expect(backoff(7, 1, always(draw))).toBe(SECOND + Math.max(SECOND, 5 * MINUTE * draw));
    },
  );
});

describe('a grant that nothing can refresh', () => {
  it.each([
    ['a week before its end', 60 * DAY, 53 * DAY],
    ['at its end, when the week has begun', 5 * DAY, 5 * DAY],
    ['at its end, in the very moment the week begins', 7 * DAY, 7 * DAY],
  ])('is looked at next %s', (_when, end, look) => {
    expect(nextHealthChange({ accessExpiresAt: at(end) }, START)).toEqual(at(look));
  });

  it('is left alone once it has ended, or where it has no end', () => {
    expect(nextHealthChange({ accessExpiresAt: START }, START)).toBeNull();
    expect(nextHealthChange({ accessExpiresAt: at(-DAY) }, START)).toBeNull();
    expect(nextHealthChange({ accessExpiresAt: null }, START)).toBeNull();
  });
});

const MORNING = new Date('2026-11-30T00:00:00Z');
const EVENING = new Date('2026-12-31T23:59:59.999Z');
const NEW_YEAR = new Date('2027-01-01T00:00:00Z');

describe('the next UTC day', () => {
  it('is never this moment', () => {
    expect(nextUtcDay(MORNING)).toEqual(new Date('2026-12-01T00:00:00Z'));
    expect(nextUtcDay(EVENING)).toEqual(NEW_YEAR);
  });
});

describe('a probe that is billed by the UTC day', () => {
  const token = { mode: 'none', issuedAt: START, accessExpiresAt: null, refusedAt: [] } as const;
  const account: ProbedAccount = {
    ...token,
    ownToken: false,
    probeClass: null,
    probeReason: null,
    probeStruckAt: null,
  };
  const failed = (matter: FailureClass): ProbeReading => ({
    ok: false,
    failure: { class: matter, reason: 'any', code: 'any' },
  });
  const dueAfter = (reading: ProbeReading, now: Date, draw = 0, before: ProbedAccount = account): Date =>
    afterProbe(before, reading, { now, random: () => draw, every: days(1), oncePerUtcDay: true }).probeDueAt;
  /** After a first answer of that class, a minute earlier. */
  const confirming = (matter: FailureClass, now: Date): ProbedAccount => ({
    ...account,
    probeClass: 'suspected',
    probeReason: matter,
    probeStruckAt: new Date(now.getTime() - MINUTE),
  });

  it.each(['owner', 'permission', 'permanent'] as const)(
    'is repeated once after an answer that requires something of the person, and then not on the same day: %s',
    (matter) => {
      const second = (draw: number): Date => dueAfter(failed(matter), MORNING, draw, confirming(matter, MORNING));
      expect(dueAfter(failed(matter), MORNING)).toEqual(new Date('2026-11-30T00:01:00Z'));
      expect(second(0)).toEqual(new Date('2026-12-01T00:00:00Z'));
      expect(second(0.5)).toEqual(new Date('2026-12-01T01:12:00Z'));
    },
  );

  it('is due a day after it went well, which is another UTC day', () => {
    expect(dueAfter({ ok: true }, EVENING)).toEqual(new Date('2027-01-01T23:59:59.999Z'));
  });

  it('near midnight is due as soon as anywhere else', () => {
    expect(dueAfter(failed('owner'), EVENING, 0, confirming('owner', EVENING))).toEqual(
      new Date('2027-01-01T00:59:59.999Z'),
    );
  });

  it.each(['temporary', 'app'] as const)('is repeated on the same day where it was not answered: %s', (matter) => {
    expect(dueAfter(failed(matter), MORNING)).toEqual(new Date('2026-11-30T00:05:00Z'));
  });
});

describe('a token of the last minute', () => {
  const issued = (ago: number): boolean =>
    isFresh(grantFacts({ refreshState: 'idle', issuedAt: at(-ago), accessExpiresAt: at(2 * HOUR) }), START);

  it('is too fresh to be renewed', () => {
    expect([issued(0), issued(59 * SECOND), issued(MINUTE)]).toEqual([true, true, false]);
  });

  it('is not fresh where it was issued in the future, by a clock that was set back', () => {
    expect([issued(-SECOND), issued(-DAY)]).toEqual([false, false]);
  });
});
