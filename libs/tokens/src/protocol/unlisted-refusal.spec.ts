import { describe, expect, it } from '@jest/globals';
import type { Failure } from '#providers';
import { at, DAY, grantFacts, HOUR, MINUTE } from '../../../../test/support/grant-facts.js';
import type { GrantChange } from './grant.js';
import { afterUnlistedRefusal, type UnlistedRefusalMoment } from './unlisted-refusal.js';
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
