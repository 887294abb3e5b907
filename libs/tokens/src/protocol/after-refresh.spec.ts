import { describe, expect, it } from '@jest/globals';
import type { TokenSet } from '#providers';
import { Secret } from '#observability';
import {
  at,
  blemished,
  DAY,
  failure,
  grantFacts,
  HOUR,
  MINUTE,
  moment,
  NOW,
  SECOND,
} from '../../../../test/support/grant-facts.js';
import type { GrantChange } from './grant.js';
import { afterFailure, afterLostAnswer, afterTokens, HEALTHY } from './after-refresh.js';

const tokens = (changes: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: new Secret('a'),
  refreshToken: new Secret('r'),
  expiresIn: 7_200,
  refreshExpiresIn: null,
  scopes: null,
  ...changes,
});

describe('after an ok', () => {
  it("the times are those of the platform's answer", () => {
    const change = afterTokens(grantFacts(), tokens({ refreshExpiresIn: 86_400 }), 60, moment);
    expect(change).toMatchObject({
      accessExpiresAt: at(NOW + 2 * HOUR),
      refreshExpiresAt: at(NOW + DAY),
      issuedAt: at(NOW),
      lastRefreshedAt: at(NOW),
    });
    expect(change.refreshDueAt).toEqual(at(NOW + 96 * MINUTE));
  });

  it('a success clears strikes, failures and an earlier end of the grant', () => {
    expect(afterTokens(grantFacts(blemished), tokens(), 60, moment)).toMatchObject(HEALTHY);
  });

  it("a life the platform does not name is the platform's usual one", () => {
    expect(afterTokens(grantFacts(), tokens({ expiresIn: null }), 3_600, moment).accessExpiresAt).toEqual(
      at(NOW + HOUR),
    );
    expect(afterTokens(grantFacts(), tokens({ expiresIn: null }), null, moment)).toMatchObject({
      accessExpiresAt: null,
      refreshDueAt: null,
    });
  });

  it('the end of the refresh token stays as it was reported before, unless the ok disproved it', () => {
    expect(afterTokens(grantFacts({ refreshExpiresAt: at(DAY) }), tokens(), 60, moment).refreshExpiresAt).toEqual(
      at(DAY),
    );
    expect(afterTokens(grantFacts({ refreshExpiresAt: at(HOUR) }), tokens(), 60, moment).refreshExpiresAt).toBeNull();
  });

  it('the scopes are those granted now, or as before where the answer has none', () => {
    expect(afterTokens(grantFacts(), tokens({ scopes: ['write'] }), 60, moment).scopes).toEqual(['write']);
    expect(afterTokens(grantFacts(), tokens(), 60, moment).scopes).toEqual(['read']);
  });
});

describe('after a failure that decides nothing about the grant', () => {
  it('the grant waits longer each time, and keeps what happened', () => {
    expect(afterFailure(grantFacts(), failure(), moment)).toEqual({
      refreshState: 'backoff',
      attempt: 1,
      refreshDueAt: at(NOW + 15 * SECOND),
      rejectedAt: null,
      lastClass: 'temporary',
      lastReason: 'provider_unavailable',
      lastError: 'http_500',
    });
    expect(afterFailure(grantFacts({ attempt: 1 }), failure(), moment).refreshDueAt).toEqual(at(NOW + 30 * SECOND));
    expect(afterFailure(grantFacts({ attempt: 500 }), failure(), moment).refreshDueAt).toEqual(at(NOW + 5 * MINUTE));
  });

  it('a token that is extended is tried again while half of its lifetime is left, for after its end it is too late', () => {
    const grant = grantFacts({ mode: 'extend_self', accessExpiresAt: at(NOW + 20 * SECOND), attempt: 9 });
    expect(afterFailure(grant, failure(), moment).refreshDueAt).toEqual(at(NOW + 10 * SECOND));
    const refreshed = grantFacts({ mode: 'rotating_strict', accessExpiresAt: at(NOW + 20 * SECOND), attempt: 9 });
    expect(afterFailure(refreshed, failure(), moment).refreshDueAt!.getTime()).toBeGreaterThan(NOW + 10 * SECOND);
  });

  it('the grant waits as long as the platform requests, and its jitter', () => {
    expect(afterFailure(grantFacts(), failure({ retryAfter: 3_600 }), moment).refreshDueAt).toEqual(
      at(NOW + HOUR + 15 * SECOND),
    );
  });

  it.each([
    ['app', 5 * MINUTE],
    ['owner', HOUR],
    ['permission', 15 * SECOND],
  ] as const)('a grant that is refused because of its %s waits for as long as that takes', (matter, wait) => {
    const before = grantFacts({ lastClass: matter });
    expect(afterFailure(before, failure({ class: matter }), moment)).toMatchObject({
      lastClass: matter,
      refreshDueAt: at(NOW + wait),
    });
  });

  it.each(['owner', 'permission'] as const)(
    'one answer (%s) decides nothing: a second one a minute later does',
    (matter) => {
      const answer = failure({ class: matter, reason: 'suspended', code: '64' });
      const first = afterFailure(grantFacts(), answer, moment);
      expect(first).toMatchObject({
        lastClass: 'temporary',
        lastReason: 'refresh_unconfirmed',
        lastError: '64',
        refreshDueAt: at(NOW + MINUTE),
      });
      const later = (passed: number, next = answer): GrantChange =>
        afterFailure({ ...grantFacts(), ...first }, next, { ...moment, now: at(NOW + passed) });
      expect(later(49 * SECOND)).toMatchObject({ lastClass: 'temporary', refreshDueAt: at(NOW + MINUTE) });
      expect(later(50 * SECOND)).toMatchObject({ lastClass: matter, lastReason: 'suspended' });
      expect(later(MINUTE, { ...answer, code: 'another' })).toMatchObject({ lastClass: 'temporary' });
    },
  );

  it('strikes that stood before still stand', () => {
    const { strikeCount, firstStrikeAt, lastStrikeAt, apiCheck } = blemished;
    const grant = {
      ...grantFacts({ strikeCount, firstStrikeAt, lastStrikeAt, apiCheck }),
      ...afterFailure(grantFacts(), failure(), moment),
    };
    expect(grant).toMatchObject({
      strikeCount: 2,
      firstStrikeAt: at(0),
      lastStrikeAt: at(MINUTE),
      apiCheck: 'refuses',
    });
  });

  it('an outcome that was unknown still is, and its resend is as urgent as before', () => {
    for (const refreshState of ['unknown', 'backoff'] as const) {
      const change = afterFailure(grantFacts({ refreshState, unknownSince: at(0) }), failure(), moment);
      expect(change.refreshState).toBe(refreshState);
      expect(change).not.toHaveProperty('unknownSince');
    }
  });

  it.each(['temporary', 'app', 'owner'] as const)(
    'a revoked grant keeps all of its last tries (%s), and waits an hour for the next',
    (matter) => {
      const grant = grantFacts({ ...blemished, attempt: 1, unknownSince: null });
      const change = afterFailure(grant, failure({ class: matter }), moment);
      expect({ ...grant, ...change }).toMatchObject({
        attempt: 1,
        refreshDueAt: at(NOW + HOUR),
        endedReason: 'grant_revoked',
      });
    },
  );
});

describe('an outcome that is unknown', () => {
  const long = { refreshState: 'unknown', unknownSince: at(0), attempt: 9 } as const;
  const slow = { now: at(NOW), random: (): number => 0.999 };
  const waitOf = ({ refreshDueAt }: GrantChange): number => refreshDueAt!.getTime() - NOW - at(0).getTime();

  it('is requested again within 40 seconds, however often it was before', () => {
    for (const change of [
      afterLostAnswer(grantFacts(long), slow),
      afterFailure(grantFacts(long), failure(), slow),
      afterFailure(grantFacts(long), failure({ class: 'app' }), slow),
    ]) {
      expect(waitOf(change)).toBeLessThanOrEqual(40 * SECOND);
    }
  });

  it('is requested again within seconds while the platform may still give the same answer to the same token', () => {
    const recent = { ...long, mode: 'rotating_grace', unknownSince: at(NOW - 20 * SECOND) } as const;
    const older = { ...recent, unknownSince: at(NOW - 3 * MINUTE) } as const;
    for (const change of [
      afterLostAnswer(grantFacts(recent), slow),
      afterFailure(grantFacts(recent), failure(), slow),
    ]) {
      expect(waitOf(change)).toBeLessThanOrEqual(5 * SECOND);
    }
    expect(waitOf(afterLostAnswer(grantFacts(older), slow))).toBeGreaterThan(5 * SECOND);
  });

  it('waits as long as the platform itself requests', () => {
    expect(waitOf(afterFailure(grantFacts(long), failure({ retryAfter: 900 }), slow))).toBeGreaterThanOrEqual(
      15 * MINUTE,
    );
  });
});

describe('after an answer that got lost', () => {
  it('the same is sent again at once: if it never arrived it works, and if it did nothing more can be lost', () => {
    expect(afterLostAnswer(grantFacts(), moment)).toEqual({
      refreshState: 'unknown',
      unknownSince: at(NOW),
      attempt: 1,
      refreshDueAt: at(NOW),
      lastClass: 'temporary',
      lastReason: 'refresh_outcome_unknown',
      rejectedAt: null,
      lastError: 'answer_lost',
    });
  });

  it('a second loss waits like any failure, and it is unknown since the first', () => {
    const lost = grantFacts({ refreshState: 'unknown', unknownSince: at(MINUTE), attempt: 1 });
    expect(afterLostAnswer(lost, moment)).toMatchObject({
      unknownSince: at(MINUTE),
      refreshDueAt: at(NOW + 30 * SECOND),
    });
  });

  it('the same is sent again at once, too, where the platform had failed before', () => {
    const inDoubt = grantFacts({ refreshState: 'backoff', unknownSince: at(MINUTE), attempt: 1 });
    expect(afterLostAnswer(inDoubt, moment)).toMatchObject({ unknownSince: at(MINUTE), refreshDueAt: at(NOW) });
  });

  it('a grant whose refresh token may be sent twice has no unknown outcome', () => {
    expect(afterLostAnswer(grantFacts({ mode: 'static' }), moment)).toMatchObject({
      refreshState: 'unknown',
      lastReason: 'provider_unavailable',
    });
  });

  it('a revoked grant keeps all of its last tries', () => {
    expect(afterLostAnswer(grantFacts({ ...blemished, attempt: 1, unknownSince: null }), moment)).toMatchObject({
      attempt: 1,
      refreshDueAt: at(NOW),
    });
    const again = { ...blemished, refreshState: 'unknown', attempt: 1 } as const;
    expect(afterLostAnswer(grantFacts(again), moment)).toMatchObject({
      attempt: 1,
      refreshDueAt: at(NOW + HOUR),
    });
  });
});
