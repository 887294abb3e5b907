import { describe, expect, it } from '@jest/globals';
import { days } from '#config';
import type { FailureClass, ProbeReading } from '#providers';
import { afterProbe, type ProbedAccount } from './after-probe.js';
import { nextUtcDay } from './utc-day.js';

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
  const account: ProbedAccount = { ownToken: false, mode: 'none', probeClass: null, probeStruckAt: null };
  const failed = (matter: FailureClass): ProbeReading => ({
    ok: false,
    failure: { class: matter, reason: 'any', code: 'any' },
  });
  const dueAfter = (reading: ProbeReading, now: Date, draw = 0): Date =>
    afterProbe(account, reading, { now, random: () => draw, every: days(1), oncePerUtcDay: true }).probeDueAt;

  it.each(['owner', 'permission', 'permanent'] as const)(
    'is not repeated on the day of an answer, whatever it was: %s',
    (matter) => {
      expect(dueAfter(failed(matter), MORNING)).toEqual(new Date('2026-12-01T00:00:00Z'));
      expect(dueAfter(failed(matter), MORNING, 0.5)).toEqual(new Date('2026-12-01T01:12:00Z'));
    },
  );

  it('is due a day after it went well, which is another UTC day', () => {
    expect(dueAfter({ ok: true }, EVENING)).toEqual(new Date('2027-01-01T23:59:59.999Z'));
  });

  it('near midnight is due as soon as anywhere else', () => {
    expect(dueAfter(failed('owner'), EVENING)).toEqual(new Date('2027-01-01T00:59:59.999Z'));
  });

  it.each(['temporary', 'app'] as const)('is repeated on the same day where it was not answered: %s', (matter) => {
    expect(dueAfter(failed(matter), MORNING)).toEqual(new Date('2026-11-30T00:05:00Z'));
  });
});
