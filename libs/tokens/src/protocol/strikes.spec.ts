import { describe, expect, it } from '@jest/globals';
import {
  ALONE,
  at,
  blemished,
  canary,
  DAY,
  grantFacts,
  HOUR,
  MINUTE,
  moment,
  NOW,
  refusal,
  SECOND,
} from '../../../../test/support/grant-facts.js';
import type { ApiCheck } from './revocation-policy.js';
import type { GrantChange, GrantFacts } from './grant.js';
import { afterRefusalWhileOpen, afterStrike, type StrikeContext } from './after-refresh.js';

/** The platform accepts another grant of the app meanwhile. */
const WELL = canary(at(NOW));
const struckBy = (
  facts: GrantChange,
  apiCheck: ApiCheck = 'silent',
  more: Partial<StrikeContext> = {},
): GrantFacts => ({
  ...grantFacts(facts),
  ...afterStrike(grantFacts(facts), refusal, { now: at(NOW), apiCheck, canary: WELL, ...more }),
});

describe('after a refusal', () => {
  it('a strike stands, with the API check, and both are checked again', () => {
    expect(struckBy({}, 'refuses')).toMatchObject({
      refreshState: 'confirm',
      refreshDueAt: at(NOW + MINUTE),
      lastClass: 'permanent',
      lastReason: 'refresh_unconfirmed',
      lastError: 'invalid_grant',
      strikeCount: 1,
      firstStrikeAt: at(NOW),
      lastStrikeAt: at(NOW),
      apiCheck: 'refuses',
      endedReason: null,
    });
  });

  it('the first strike keeps its time, the last one has its own', () => {
    expect(
      struckBy({ strikeCount: 1, firstStrikeAt: at(0), lastStrikeAt: at(0), apiCheck: 'silent' }, 'accepts'),
    ).toMatchObject({
      strikeCount: 2,
      firstStrikeAt: at(0),
      lastStrikeAt: at(NOW),
      apiCheck: 'accepts',
    });
  });

  it('a refusal within 50 seconds of the last is the same strike', () => {
    const facts = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - 49 * SECOND),
      apiCheck: 'silent',
    } as const;
    expect(struckBy(facts, 'refuses')).toMatchObject({
      strikeCount: 1,
      lastStrikeAt: at(NOW - 49 * SECOND),
      apiCheck: 'silent',
    });
  });

  it('the same strike still counts the evidence for the grant: an API that accepts the token', () => {
    const facts = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - SECOND),
      lastStrikeAt: at(NOW - SECOND),
      apiCheck: 'refuses',
    } as const;
    expect(struckBy(facts, 'accepts')).toMatchObject({
      strikeCount: 1,
      apiCheck: 'accepts',
      refreshDueAt: at(NOW + 10 * MINUTE),
    });
  });

  it('an ended grant keeps the reason, and is tried once more after an hour', () => {
    const twice = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - MINUTE),
      apiCheck: 'refuses',
    } as const;
    expect(struckBy(twice, 'refuses')).toMatchObject({
      endedReason: 'grant_revoked',
      refreshState: 'confirm',
      attempt: 0,
      refreshDueAt: at(NOW + HOUR),
    });
    expect(struckBy({ ...twice, refreshExpiresAt: at(NOW) }, 'refuses')).toMatchObject({
      endedReason: 'grant_expired',
    });
  });

  it('a revoked grant that is refused after its hour is tried after a day, and then no more', () => {
    const revoked = {
      endedReason: 'grant_revoked',
      refreshState: 'confirm',
      attempt: 0,
      refreshDueAt: at(NOW),
    } as const;
    const later = struckBy(revoked);
    expect(later).toMatchObject({
      endedReason: 'grant_revoked',
      refreshState: 'confirm',
      attempt: 1,
      refreshDueAt: at(NOW + DAY),
    });
    const last = struckBy({ ...revoked, attempt: later.attempt });
    expect(last).toMatchObject({ endedReason: 'grant_revoked', refreshState: 'ended', refreshDueAt: null });
  });

  it('a forced refresh of a revoked grant uses up none of its last tries', () => {
    const revoked = {
      endedReason: 'grant_revoked',
      refreshState: 'confirm',
      attempt: 0,
      refreshDueAt: at(NOW + 30 * MINUTE),
    } as const;
    expect(struckBy(revoked)).toMatchObject({ ...revoked, lastError: 'invalid_grant' });
  });

  it('a revoked grant keeps the first reason', () => {
    const revoked = { ...blemished, endedReason: 'refresh_outcome_unknown' } as const;
    expect(struckBy(revoked)).toMatchObject({ endedReason: 'refresh_outcome_unknown', unknownSince: null });
  });

  it("a grant is not ended while a token set waits that may be the same person's", () => {
    const twice = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - MINUTE),
      apiCheck: 'refuses',
    } as const;
    expect(struckBy(twice, 'refuses', { waiting: true })).toMatchObject({
      endedReason: null,
      refreshState: 'confirm',
      strikeCount: 2,
      refreshDueAt: at(NOW + MINUTE),
    });
  });

  it('the last API check of an expired access token is kept, because it cannot be repeated', () => {
    const struck = { strikeCount: 1, firstStrikeAt: at(0), lastStrikeAt: at(0), accessExpiresAt: at(MINUTE) } as const;
    expect(struckBy({ ...struck, apiCheck: 'accepts' })).toMatchObject({ apiCheck: 'accepts', strikeCount: 2 });
  });
});

describe('a refusal after an answer that got lost', () => {
  const ONE_TIME = ['rotating_strict', 'rotating_grace'] as const;

  it('a refusal of what was sent again is a strike that is reported under its own reason', () => {
    for (const mode of ONE_TIME)
      for (const apiCheck of ['accepts', 'refuses', 'silent'] as const)
        expect(struckBy({ mode, unknownSince: at(0) }, apiCheck, { canary: canary(at(NOW)) })).toMatchObject({
          endedReason: null,
          refreshState: 'confirm',
          strikeCount: 1,
          lastReason: 'refresh_outcome_unknown',
          unknownSince: at(0),
        });
  });

  const struckBefore = (ago: number, apiCheck: ApiCheck): GrantChange => ({
    ...{ unknownSince: at(0), lastReason: 'rate_limited', strikeCount: 1, apiCheck },
    ...{ firstStrikeAt: at(NOW - ago), lastStrikeAt: at(NOW - ago) },
  });

  it('a second refusal by both decides after a minute, as any other, and the reason is that the outcome is unknown', () => {
    for (const mode of ONE_TIME)
      expect(struckBy({ mode, ...struckBefore(MINUTE, 'refuses') }, 'refuses')).toMatchObject({
        endedReason: 'refresh_outcome_unknown',
        unknownSince: null,
      });
  });

  it('the reason stays the same where the platform names one of its own, or the refresh token has expired meanwhile', () => {
    const facts = grantFacts({ ...struckBefore(MINUTE, 'refuses'), refreshExpiresAt: at(NOW) });
    const named = { ...refusal, reason: 'password_changed' };
    expect(afterStrike(facts, named, { now: at(NOW), apiCheck: 'refuses', canary: WELL })).toMatchObject({
      endedReason: 'refresh_outcome_unknown',
    });
  });

  it('a second refusal decides a quarter of an hour later although the API accepts the access token, where others are refreshed', () => {
    const others = { canary: canary(at(NOW - MINUTE)) };
    for (const apiCheck of ['accepts', 'silent'] as const) {
      expect(struckBy(struckBefore(15 * MINUTE, apiCheck), apiCheck, others)).toMatchObject({
        endedReason: 'refresh_outcome_unknown',
      });
      expect(struckBy(struckBefore(14 * MINUTE, apiCheck), apiCheck, others)).toMatchObject({ endedReason: null });
      expect(struckBy(struckBefore(20 * HOUR, apiCheck), apiCheck, { canary: ALONE })).toMatchObject({
        endedReason: null,
      });
    }
    const known = { ...struckBefore(DAY, 'accepts'), unknownSince: null };
    expect(struckBy(known, 'accepts', others)).toMatchObject({ endedReason: null });
  });

  it('a refusal is a strike like any other where sending twice is harmless', () => {
    for (const mode of ['static', 'extend_self'] as const) {
      expect(struckBy({ mode, unknownSince: at(0) }, 'refuses')).toMatchObject({
        endedReason: null,
        refreshState: 'confirm',
        unknownSince: null,
        strikeCount: 1,
      });
    }
  });

  it('a refusal is a strike like any other while the platform still gives the same answer to the same token', () => {
    const facts = { mode: 'rotating_grace', unknownSince: at(NOW - SECOND) } as const;
    expect(struckBy(facts, 'refuses', { withinGrace: true })).toMatchObject({
      endedReason: null,
      refreshState: 'confirm',
      unknownSince: null,
      strikeCount: 1,
    });
  });

  it('is the reason of a revocation by the rule, too, where another process has sent the token again from which the stored pair came', () => {
    const struck = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - MINUTE),
      apiCheck: 'refuses',
      lastReason: 'refresh_outcome_unknown',
    } as const;
    for (const mode of ['rotating_strict', 'rotating_grace'] as const) {
      expect(struckBy({ mode }, 'refuses', { superseded: true })).toMatchObject({
        endedReason: null,
        refreshState: 'confirm',
        lastReason: 'refresh_outcome_unknown',
      });
      expect(struckBy({ mode, ...struck }, 'refuses', { superseded: true })).toMatchObject({
        endedReason: 'refresh_outcome_unknown',
      });
    }
    expect(struckBy({ mode: 'static', ...struck }, 'refuses', { superseded: true })).toMatchObject({
      endedReason: 'grant_revoked',
    });
  });

  it("nothing is decided while a token set waits that may be the same person's", () => {
    const facts = { mode: 'rotating_strict', unknownSince: at(0) } as const;
    const waits = {
      endedReason: null,
      refreshState: 'confirm',
      lastReason: 'refresh_outcome_unknown',
      unknownSince: at(0),
      refreshDueAt: at(NOW + MINUTE),
    };
    const twice = { ...facts, ...struckBefore(MINUTE, 'refuses') };
    expect(struckBy(twice, 'refuses', { waiting: true })).toMatchObject(waits);
  });
});

describe('a refusal that does not count, because the platform refuses many at once,', () => {
  const struck = { strikeCount: 1, firstStrikeAt: at(0), lastStrikeAt: at(0), apiCheck: 'refuses' } as const;

  it('is a failure that passes, and takes the strikes that led to it with it', () => {
    const change = afterRefusalWhileOpen(grantFacts(struck), refusal, moment);
    expect(change).toMatchObject({
      refreshState: 'backoff',
      lastClass: 'temporary',
      lastReason: 'provider_unavailable',
      lastError: 'invalid_grant',
      strikeCount: 0,
      apiCheck: null,
    });
  });

  it('leaves unknown what was unknown', () => {
    const unknown = grantFacts({ refreshState: 'unknown', unknownSince: at(0) });
    const change = afterRefusalWhileOpen(unknown, refusal, moment);
    expect({ ...unknown, ...change }).toMatchObject({ refreshState: 'unknown', unknownSince: at(0) });
  });
});

describe('a refresh token that was spent elsewhere', () => {
  const over = {
    accessExpiresAt: at(NOW - MINUTE),
    strikeCount: 2,
    firstStrikeAt: at(NOW - HOUR),
    lastStrikeAt: at(NOW - HOUR),
  } as const;

  it.each([
    ['that the API took to its end', { ...over, apiCheck: 'accepts' }, 'rotated_elsewhere'],
    ['that the API refused while it was valid', { ...over, apiCheck: 'refuses' }, 'grant_revoked'],
    ['of unknown state', { ...over, apiCheck: 'silent' }, 'grant_revoked'],
    ['that keeps its refresh token', { ...over, apiCheck: 'accepts', mode: 'static' }, 'grant_revoked'],
  ] as [string, GrantChange, string][])(
    'is identified by the access token beside it: one %s',
    (_which, facts, reason) => {
      expect(struckBy(facts)).toMatchObject({ endedReason: reason });
    },
  );

  it('keeps a reason that the platform itself named', () => {
    const named = { ...refusal, reason: 'password_changed' };
    const facts = grantFacts({ ...over, apiCheck: 'accepts' });
    expect(afterStrike(facts, named, { now: at(NOW), apiCheck: 'silent', canary: WELL })).toMatchObject({
      endedReason: 'password_changed',
    });
  });

  it('shows at the first strike where it is refused right after it came, as long as the API does not refuse too', () => {
    const came = { lastRefreshedAt: at(NOW - 4 * MINUTE) };
    expect(struckBy(came, 'accepts')).toMatchObject({ refreshState: 'confirm', lastReason: 'rotated_elsewhere' });
    expect(struckBy({ lastRefreshedAt: at(NOW - 6 * MINUTE) }, 'accepts')).toMatchObject({
      lastReason: 'refresh_unconfirmed',
    });
    expect(struckBy(came, 'refuses')).toMatchObject({ lastReason: 'refresh_unconfirmed' });
    const suspected = {
      ...came,
      lastReason: 'rotated_elsewhere',
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - MINUTE),
      apiCheck: 'accepts',
    } as const;
    expect(struckBy(suspected, 'silent')).toMatchObject({ lastReason: 'rotated_elsewhere' });
    expect(struckBy(suspected, 'refuses')).toMatchObject({ lastReason: 'refresh_unconfirmed' });
  });
});
