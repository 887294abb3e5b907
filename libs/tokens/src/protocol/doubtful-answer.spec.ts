import { describe, expect, it } from '@jest/globals';
import {
  ALONE,
  at,
  blemished,
  failure,
  grantFacts,
  HOUR,
  MINUTE,
  moment,
  NOW,
  refusal,
  SECOND,
} from '../../../../test/support/grant-facts.js';
import { afterStrike } from './after-refresh.js';
import { afterDoubtfulAnswer } from './doubtful-answer.js';
import { stateBefore } from './grant.js';

const STRICT = { ...moment, sentInGrace: null };
const gateway = failure({ code: 'http_502' });

describe('an answer that leaves it open whether a one-time token was spent', () => {
  it('is a failure of the platform that is recorded: the grant waits as after any other', () => {
    expect(afterDoubtfulAnswer(grantFacts(), gateway, STRICT)).toEqual({
      refreshState: 'backoff',
      unknownSince: at(NOW),
      attempt: 1,
      refreshDueAt: at(NOW + 15 * SECOND),
      rejectedAt: null,
      lastClass: 'temporary',
      lastReason: 'provider_unavailable',
      lastError: 'http_502',
    });
  });

  it('keeps the time of the first, and waits longer each time, also where the resend was urgent', () => {
    const urgent = grantFacts({ refreshState: 'unknown', unknownSince: at(0), attempt: 500 });
    expect(afterDoubtfulAnswer(urgent, gateway, STRICT)).toMatchObject({
      refreshState: 'backoff',
      unknownSince: at(0),
      refreshDueAt: at(NOW + 5 * MINUTE),
    });
  });

  it('waits as long as the platform requests, within a grace period too', () => {
    const failed = failure({ code: 'http_503', retryAfter: 600 });
    for (const sentInGrace of [null, 1])
      expect(afterDoubtfulAnswer(grantFacts(), failed, { ...moment, sentInGrace })).toMatchObject({
        refreshState: 'backoff',
        refreshDueAt: at(NOW + 10 * MINUTE + 15 * SECOND),
      });
  });

  it('is followed by three urgent resends within a grace period, after 1, 3 and 8 seconds', () => {
    const grant = grantFacts({ mode: 'rotating_grace' });
    const resent = [1, 2, 3].map((sentInGrace) => afterDoubtfulAnswer(grant, gateway, { ...moment, sentInGrace }));
    expect(resent.map(({ refreshState }) => refreshState)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(resent.map(({ refreshDueAt }) => refreshDueAt!.getTime() - at(NOW).getTime())).toEqual([
      1 * SECOND,
      3 * SECOND,
      8 * SECOND,
    ]);
    expect(afterDoubtfulAnswer(grant, gateway, { ...moment, sentInGrace: 4 })).toMatchObject({
      refreshState: 'backoff',
      unknownSince: at(NOW),
    });
  });

  it('starts no doubt where the platform has refused the token before, in words that no table lists', () => {
    for (const rejected of [{ rejectedAt: at(MINUTE) }, { rejectedSeconds: 60 }])
      expect(afterDoubtfulAnswer(grantFacts(rejected), gateway, STRICT).unknownSince).toBeNull();
    const inDoubt = grantFacts({ rejectedSeconds: 60, unknownSince: at(0) });
    expect(afterDoubtfulAnswer(inDoubt, gateway, STRICT).unknownSince).toEqual(at(0));
  });

  it('does not hasten the last tries of a revoked grant', () => {
    const ended = grantFacts({ ...blemished, mode: 'rotating_grace', attempt: 1 });
    expect(afterDoubtfulAnswer(ended, gateway, { ...moment, sentInGrace: 1 })).toMatchObject({
      refreshState: 'backoff',
      attempt: 1,
      refreshDueAt: at(NOW + HOUR),
    });
  });

  it('makes a later refusal a strike that is no revocation', () => {
    const grant = grantFacts({ refreshState: 'backoff', unknownSince: at(0), attempt: 1 });
    const struck = { ...grant, ...afterStrike(grant, refusal, { now: at(NOW), apiCheck: 'refuses', canary: ALONE }) };
    expect(struck).toMatchObject({
      endedReason: null,
      refreshState: 'confirm',
      lastReason: 'refresh_outcome_unknown',
      unknownSince: at(0),
    });
    expect(stateBefore({ ...struck, refreshState: 'claimed' })).toBe('confirm');
  });
});
