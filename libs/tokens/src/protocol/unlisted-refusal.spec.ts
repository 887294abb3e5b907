import { describe, expect, it } from '@jest/globals';
import type { Failure } from '#providers';
import { at, DAY, grantFacts, HOUR, MINUTE } from '../../../../test/support/grant-facts.js';
import type { GrantChange } from './grant.js';
import { afterRefusalByStatus, afterUnlistedRefusal, type UnlistedRefusalMoment } from './unlisted-refusal.js';
import { afterFailure, afterLostAnswer } from './after-refresh.js';

const REJECTED: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'bad_refresh_token' };
const moment = (now: number, more: Partial<UnlistedRefusalMoment> = {}): UnlistedRefusalMoment => ({
  now: at(now),
  random: () => 0.5,
  closedFor: Infinity,
  ...more,
});
const HALF = 12 * HOUR;
/** Its access token ended after two hours. */
const rejectedFor = (seconds: number, changes: GrantChange = {}) =>
  grantFacts({ rejectedSeconds: seconds, rejectedAt: at(3 * DAY), ...changes });

describe('a refusal in words that no table lists', () => {
  it('counts the time since the last one, and keeps the code', () => {
    const change = afterUnlistedRefusal(rejectedFor(60), REJECTED, moment(3 * DAY + MINUTE));
    expect(change).toMatchObject({
      rejectedSeconds: 120,
      rejectedAt: at(3 * DAY + MINUTE),
      lastError: 'bad_refresh_token',
      lastReason: 'refresh_unconfirmed',
    });
    expect(change).toMatchObject({ refreshState: 'backoff' });
    expect(change).not.toHaveProperty('endedReason');
  });

  it('is the end of a grant whose access token has ended when two days of them are over', () => {
    expect(
      afterUnlistedRefusal(rejectedFor((2 * DAY - MINUTE) / 1_000), REJECTED, moment(3 * DAY + MINUTE)),
    ).toMatchObject({
      endedReason: 'refresh_rejected',
    });
  });

  it('is no end while the access token is valid, or before it is known whose a waiting token set is', () => {
    const long = rejectedFor((4 * DAY) / 1_000, { accessExpiresAt: at(9 * DAY) });
    expect(afterUnlistedRefusal(long, REJECTED, moment(3 * DAY + MINUTE))).not.toHaveProperty('endedReason');
    expect(
      afterUnlistedRefusal(rejectedFor((4 * DAY) / 1_000), REJECTED, moment(3 * DAY + MINUTE, { waiting: true })),
    ).not.toHaveProperty('endedReason');
  });

  it('does not count the time in which the breaker of the app was open', () => {
    const later = 3 * DAY + HALF;
    for (const closedFor of [0, HOUR])
      expect(afterUnlistedRefusal(rejectedFor(60), REJECTED, moment(later, { closedFor }))).toMatchObject({
        rejectedSeconds: 60,
      });
    expect(afterUnlistedRefusal(rejectedFor(60), REJECTED, moment(later, { closedFor: DAY }))).toMatchObject({
      rejectedSeconds: 60 + HALF / 1_000,
    });
  });

  it.each([
    [
      'an outage',
      (grant: ReturnType<typeof grantFacts>) => afterFailure(grant, { ...REJECTED, code: 'http_503' }, moment(4 * DAY)),
    ],
    ['a lost answer', (grant: ReturnType<typeof grantFacts>) => afterLostAnswer(grant, moment(4 * DAY))],
  ])('does not count the time around %s', (_what, meet) => {
    const grant = rejectedFor(60);
    const after = afterUnlistedRefusal({ ...grant, ...meet(grant) }, REJECTED, moment(6 * DAY));
    expect(after).toMatchObject({ rejectedSeconds: 60, rejectedAt: at(6 * DAY) });
    expect(after).not.toHaveProperty('endedReason');
  });

  it('a refusal of a one-time token that may have been spent ends as an unknown outcome, without a request every minute', () => {
    const unknown = { refreshState: 'unknown', unknownSince: at(DAY), attempt: 20 } as const;
    const waits = afterUnlistedRefusal(rejectedFor(60, unknown), REJECTED, moment(3 * DAY + MINUTE));
    expect(waits).toMatchObject({ refreshState: 'backoff', lastReason: 'refresh_outcome_unknown' });
    expect(waits.refreshDueAt!.getTime() - at(3 * DAY + MINUTE).getTime()).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(afterUnlistedRefusal(rejectedFor((2 * DAY) / 1_000, unknown), REJECTED, moment(3 * DAY))).toMatchObject({
      endedReason: 'refresh_outcome_unknown',
      unknownSince: null,
    });
  });

  it('uses up a last try of a grant that has ended', () => {
    const ended = rejectedFor(0, {
      endedReason: 'refresh_rejected',
      refreshState: 'confirm',
      attempt: 0,
      refreshDueAt: at(3 * DAY),
    });
    expect(afterUnlistedRefusal(ended, REJECTED, moment(3 * DAY))).toMatchObject({
      refreshState: 'confirm',
      attempt: 1,
      refreshDueAt: at(4 * DAY),
    });
    expect(afterUnlistedRefusal({ ...ended, attempt: 1 }, REJECTED, moment(3 * DAY))).toMatchObject({
      refreshState: 'ended',
      refreshDueAt: null,
    });
  });
});

describe('a refusal by a status without words', () => {
  const status = (now: number, more: object = {}) => ({ ...moment(now, more), sentInGrace: null });
  const NO_WORDS: Failure = { ...REJECTED, code: 'unreadable' };

  it.each(['rotating_strict', 'static'] as const)('counts like one in unlisted words in the mode %s', (mode) => {
    const change = afterRefusalByStatus(rejectedFor(60, { mode }), NO_WORDS, status(3 * DAY + MINUTE));
    expect(change).toMatchObject({ rejectedSeconds: 120, rejectedAt: at(3 * DAY + MINUTE), refreshState: 'backoff' });
    expect(change).toMatchObject({ lastReason: 'provider_unavailable' });
    expect(change).not.toHaveProperty('endedReason');
  });

  it.each([
    ['rotating_strict', 'refresh_outcome_unknown'],
    ['rotating_grace', 'refresh_outcome_unknown'],
    ['static', 'refresh_rejected'],
  ] as const)('is the end of a grant in the mode %s after two days of them: %s', (mode, endedReason) => {
    const first = afterRefusalByStatus(grantFacts({ mode }), NO_WORDS, status(3 * DAY));
    expect(first.unknownSince ?? null).toEqual(mode === 'static' ? null : at(3 * DAY));
    const long = grantFacts({ mode, ...first, rejectedSeconds: (2 * DAY - MINUTE) / 1_000 });
    expect(afterRefusalByStatus(long, NO_WORDS, status(3 * DAY + MINUTE))).toMatchObject({ endedReason });
    for (const more of [{ waiting: true }, { closedFor: 0 }])
      expect(afterRefusalByStatus(long, NO_WORDS, status(3 * DAY + MINUTE, more))).not.toHaveProperty('endedReason');
    const valid = { ...long, accessExpiresAt: at(9 * DAY) };
    expect(afterRefusalByStatus(valid, NO_WORDS, status(3 * DAY + MINUTE))).not.toHaveProperty('endedReason');
  });

  it('is requested again soon within a grace period', () => {
    const grant = grantFacts({ mode: 'rotating_grace' });
    const change = afterRefusalByStatus(grant, NO_WORDS, { ...status(3 * DAY), sentInGrace: 1 });
    expect(change).toMatchObject({ refreshState: 'unknown', refreshDueAt: at(3 * DAY + 1_000) });
  });
});
