import { describe, expect, it } from '@jest/globals';
import type { Failure, TokenSet } from '#providers';
import { Secret } from '#observability';
import { ALONE, at, canary, DAY, grantFacts, HOUR, MINUTE, SECOND } from '../../../../test/support/grant-facts.js';
import type { Witness } from './death-rule.js';
import type { GrantChange, GrantFacts } from './grant.js';
import {
  afterDisbelief,
  afterFailure,
  afterLostAnswer,
  afterStrike,
  afterTokens,
  type Circumstances,
  UNBLEMISHED,
} from './settle.js';

const NOW = 96 * MINUTE;
const moment = { now: at(NOW), random: (): number => 0.5 };
const tokens = (changes: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: new Secret('a'),
  refreshToken: new Secret('r'),
  expiresIn: 7_200,
  refreshExpiresIn: null,
  scopes: null,
  ...changes,
});
const failure = (changes: Partial<Failure> = {}): Failure => ({
  class: 'temporary',
  reason: 'provider_unavailable',
  code: 'http_500',
  ...changes,
});
const refusal = failure({ class: 'permanent', reason: 'grant_revoked', code: 'invalid_grant' });
const struckBy = (facts: GrantChange, witness: Witness = 'silent', more: Partial<Circumstances> = {}): GrantFacts => ({
  ...grantFacts(facts),
  ...afterStrike(grantFacts(facts), refusal, { now: at(NOW), witness, canary: ALONE, ...more }),
});

const blemished: GrantChange = {
  refreshState: 'confirm',
  attempt: 9,
  lastClass: 'permanent',
  lastReason: 'refresh_unconfirmed',
  lastError: 'invalid_grant',
  strikeCount: 2,
  firstStrikeAt: at(0),
  lastStrikeAt: at(MINUTE),
  witness: 'refuses',
  unknownSince: at(0),
  endedReason: 'grant_revoked',
};

describe('after an ok', () => {
  it('the times are those the platform said', () => {
    const change = afterTokens(grantFacts(), tokens({ refreshExpiresIn: 86_400 }), 60, moment);
    expect(change).toMatchObject({
      accessExpiresAt: at(NOW + 2 * HOUR),
      refreshExpiresAt: at(NOW + DAY),
      issuedAt: at(NOW),
      lastRefreshedAt: at(NOW),
    });
    expect(change.refreshDueAt).toEqual(at(NOW + 96 * MINUTE));
  });

  it('everything that was held against the grant is forgotten, its death too', () => {
    expect(afterTokens(grantFacts(blemished), tokens(), 60, moment)).toMatchObject(UNBLEMISHED);
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

  it('the end of the refresh token stays as it was said before, unless the ok proved it wrong', () => {
    expect(afterTokens(grantFacts({ refreshExpiresAt: at(DAY) }), tokens(), 60, moment).refreshExpiresAt).toEqual(
      at(DAY),
    );
    expect(afterTokens(grantFacts({ refreshExpiresAt: at(HOUR) }), tokens(), 60, moment).refreshExpiresAt).toBeNull();
  });

  it('the scopes are those granted now, or as before where the platform does not say', () => {
    expect(afterTokens(grantFacts(), tokens({ scopes: ['write'] }), 60, moment).scopes).toEqual(['write']);
    expect(afterTokens(grantFacts(), tokens(), 60, moment).scopes).toEqual(['read']);
  });
});

describe('after a failure that is no verdict on the grant', () => {
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

  it('a token that is extended is tried again while half of its life is left, for after its end it is too late', () => {
    const grant = grantFacts({ mode: 'extend_self', accessExpiresAt: at(NOW + 20 * SECOND), attempt: 9 });
    expect(afterFailure(grant, failure(), moment).refreshDueAt).toEqual(at(NOW + 10 * SECOND));
    const refreshed = grantFacts({ mode: 'rotating_strict', accessExpiresAt: at(NOW + 20 * SECOND), attempt: 9 });
    expect(afterFailure(refreshed, failure(), moment).refreshDueAt!.getTime()).toBeGreaterThan(NOW + 10 * SECOND);
  });

  it('the grant waits as long as the platform asks for, and its jitter', () => {
    expect(afterFailure(grantFacts(), failure({ retryAfter: 3_600 }), moment).refreshDueAt).toEqual(
      at(NOW + HOUR + 15 * SECOND),
    );
  });

  it.each([
    ['app', 5 * MINUTE],
    ['owner', HOUR],
    ['permission', 15 * SECOND],
  ] as const)("a grant whose %s is the matter waits at that one's pace", (matter, wait) => {
    expect(afterFailure(grantFacts(), failure({ class: matter }), moment)).toMatchObject({
      lastClass: matter,
      refreshDueAt: at(NOW + wait),
    });
  });

  it('strikes that stood before still stand', () => {
    const { strikeCount, firstStrikeAt, lastStrikeAt, witness } = blemished;
    const grant = {
      ...grantFacts({ strikeCount, firstStrikeAt, lastStrikeAt, witness }),
      ...afterFailure(grantFacts(), failure(), moment),
    };
    expect(grant).toMatchObject({ strikeCount: 2, firstStrikeAt: at(0), lastStrikeAt: at(MINUTE), witness: 'refuses' });
  });

  it('an outcome that was unknown still is', () => {
    const change = afterFailure(grantFacts({ unknownSince: at(0) }), failure(), moment);
    expect(change.refreshState).toBe('unknown');
    expect(change).not.toHaveProperty('unknownSince');
  });

  it.each(['temporary', 'app', 'owner'] as const)(
    'a dead grant has used up none of its last tries (%s), and waits an hour for the next',
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

  it('is asked for again within 40 seconds, however often it was', () => {
    for (const change of [
      afterLostAnswer(grantFacts(long), slow),
      afterFailure(grantFacts(long), failure(), slow),
      afterFailure(grantFacts(long), failure({ class: 'app' }), slow),
    ]) {
      expect(waitOf(change)).toBeLessThanOrEqual(40 * SECOND);
    }
  });

  it('is asked for again within seconds while the platform may still give the same answer to the same token', () => {
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

  it('waits as long as the platform itself says', () => {
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
    const change = afterLostAnswer(grantFacts({ unknownSince: at(MINUTE), attempt: 1 }), moment);
    expect(change).toMatchObject({ unknownSince: at(MINUTE), refreshDueAt: at(NOW + 30 * SECOND) });
  });

  it('a refusal of what was sent again ends the grant under its own reason: the new pair exists nowhere', () => {
    for (const mode of ['rotating_strict', 'rotating_grace'] as const) {
      expect(struckBy({ mode, unknownSince: at(0) }, 'accepts', { canary: canary(at(NOW)) })).toMatchObject({
        endedReason: 'refresh_outcome_unknown',
        unknownSince: null,
      });
    }
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

  it('a grant whose refresh token may be sent twice is not said to be in the unknown', () => {
    expect(afterLostAnswer(grantFacts({ mode: 'static' }), moment)).toMatchObject({
      refreshState: 'unknown',
      lastReason: 'provider_unavailable',
    });
  });

  it('is the reason of a death by the rule too, where another has sent the token again of which the stored pair came', () => {
    const struck = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - MINUTE),
      witness: 'refuses',
      lastReason: 'refresh_outcome_unknown',
    } as const;
    for (const mode of ['rotating_strict', 'rotating_grace'] as const) {
      expect(struckBy({ mode }, 'refuses', { overtaken: true })).toMatchObject({
        endedReason: null,
        refreshState: 'confirm',
        lastReason: 'refresh_outcome_unknown',
      });
      expect(struckBy({ mode, ...struck }, 'refuses', { overtaken: true })).toMatchObject({
        endedReason: 'refresh_outcome_unknown',
      });
    }
    expect(struckBy({ mode: 'static', ...struck }, 'refuses', { overtaken: true })).toMatchObject({
      endedReason: 'grant_revoked',
    });
  });

  it("no verdict falls while a token set waits that may be the same person's", () => {
    const facts = { mode: 'rotating_strict', unknownSince: at(0) } as const;
    const waits = {
      endedReason: null,
      refreshState: 'unknown',
      lastReason: 'refresh_outcome_unknown',
      unknownSince: at(0),
      refreshDueAt: at(NOW + MINUTE),
    };
    expect(struckBy(facts, 'accepts', { waiting: true })).toMatchObject(waits);
  });

  it('a dead grant has used up none of its last tries', () => {
    expect(afterLostAnswer(grantFacts({ ...blemished, attempt: 1, unknownSince: null }), moment)).toMatchObject({
      attempt: 1,
      refreshDueAt: at(NOW),
    });
    expect(afterLostAnswer(grantFacts({ ...blemished, attempt: 1 }), moment)).toMatchObject({
      attempt: 1,
      refreshDueAt: at(NOW + HOUR),
    });
  });
});

describe('after a refusal', () => {
  it('a strike stands, with what the API said, and both are asked again', () => {
    expect(struckBy({}, 'refuses')).toMatchObject({
      refreshState: 'confirm',
      refreshDueAt: at(NOW + MINUTE),
      lastClass: 'permanent',
      lastReason: 'refresh_unconfirmed',
      lastError: 'invalid_grant',
      strikeCount: 1,
      firstStrikeAt: at(NOW),
      lastStrikeAt: at(NOW),
      witness: 'refuses',
      endedReason: null,
    });
  });

  it('the first strike keeps its time, the last one has its own', () => {
    expect(
      struckBy({ strikeCount: 1, firstStrikeAt: at(0), lastStrikeAt: at(0), witness: 'silent' }, 'accepts'),
    ).toMatchObject({
      strikeCount: 2,
      firstStrikeAt: at(0),
      lastStrikeAt: at(NOW),
      witness: 'accepts',
    });
  });

  it('a refusal within 50 seconds of the last is the same strike', () => {
    const facts = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - 49 * SECOND),
      witness: 'silent',
    } as const;
    expect(struckBy(facts, 'refuses')).toMatchObject({
      strikeCount: 1,
      lastStrikeAt: at(NOW - 49 * SECOND),
      witness: 'silent',
    });
  });

  it('the same strike still counts what speaks for the grant: an API that takes the token', () => {
    const facts = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - SECOND),
      lastStrikeAt: at(NOW - SECOND),
      witness: 'refuses',
    } as const;
    expect(struckBy(facts, 'accepts')).toMatchObject({
      strikeCount: 1,
      witness: 'accepts',
      refreshDueAt: at(NOW + 10 * MINUTE),
    });
  });

  it('a grant that dies says why, and is tried once more after an hour', () => {
    const twice = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - MINUTE),
      witness: 'refuses',
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

  it('a dead grant that is refused after its hour is tried after a day, and then no more', () => {
    const dead = { endedReason: 'grant_revoked', refreshState: 'confirm', attempt: 0, refreshDueAt: at(NOW) } as const;
    const later = struckBy(dead);
    expect(later).toMatchObject({
      endedReason: 'grant_revoked',
      refreshState: 'confirm',
      attempt: 1,
      refreshDueAt: at(NOW + DAY),
    });
    const last = struckBy({ ...dead, attempt: later.attempt });
    expect(last).toMatchObject({ endedReason: 'grant_revoked', refreshState: 'ended', refreshDueAt: null });
  });

  it('a dead grant that somebody tries by hand has used up none of its last tries', () => {
    const dead = {
      endedReason: 'grant_revoked',
      refreshState: 'confirm',
      attempt: 0,
      refreshDueAt: at(NOW + 30 * MINUTE),
    } as const;
    expect(struckBy(dead)).toMatchObject({ ...dead, lastError: 'invalid_grant' });
  });

  it('a dead grant keeps the reason it died of', () => {
    const dead = { ...blemished, endedReason: 'refresh_outcome_unknown' } as const;
    expect(struckBy(dead)).toMatchObject({ endedReason: 'refresh_outcome_unknown', unknownSince: null });
  });

  it("a grant that would die lives on while a token set waits that may be the same person's", () => {
    const twice = {
      strikeCount: 1,
      firstStrikeAt: at(NOW - MINUTE),
      lastStrikeAt: at(NOW - MINUTE),
      witness: 'refuses',
    } as const;
    expect(struckBy(twice, 'refuses', { waiting: true })).toMatchObject({
      endedReason: null,
      refreshState: 'confirm',
      strikeCount: 2,
      refreshDueAt: at(NOW + MINUTE),
    });
  });

  it('what the API said of the access token outlives it: an ended one cannot be asked', () => {
    const struck = { strikeCount: 1, firstStrikeAt: at(0), lastStrikeAt: at(0), accessExpiresAt: at(MINUTE) } as const;
    expect(struckBy({ ...struck, witness: 'accepts' })).toMatchObject({ witness: 'accepts', strikeCount: 2 });
  });
});

describe('a refusal that is not believed, because the platform refuses many at once,', () => {
  const struck = { strikeCount: 1, firstStrikeAt: at(0), lastStrikeAt: at(0), witness: 'refuses' } as const;

  it('is a failure that passes, and takes the strikes that led to it with it', () => {
    const change = afterDisbelief(grantFacts(struck), refusal, moment);
    expect(change).toMatchObject({
      refreshState: 'backoff',
      lastClass: 'temporary',
      lastReason: 'provider_unavailable',
      lastError: 'invalid_grant',
      strikeCount: 0,
      witness: null,
    });
  });

  it('leaves unknown what was unknown', () => {
    expect(afterDisbelief(grantFacts({ unknownSince: at(0) }), refusal, moment)).toMatchObject({
      refreshState: 'unknown',
    });
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
    ['that the API took to its end', { ...over, witness: 'accepts' }, 'rotated_elsewhere'],
    ['that the API refused while it lived', { ...over, witness: 'refuses' }, 'grant_revoked'],
    ['of which nobody knows', { ...over, witness: 'silent' }, 'grant_revoked'],
    ['that keeps its refresh token', { ...over, witness: 'accepts', mode: 'static' }, 'grant_revoked'],
  ] as [string, GrantChange, string][])('is told by the access token beside it: one %s', (_which, facts, reason) => {
    expect(struckBy(facts)).toMatchObject({ endedReason: reason });
  });

  it('keeps a reason that the platform itself named', () => {
    const named = { ...refusal, reason: 'password_changed' };
    const facts = grantFacts({ ...over, witness: 'accepts' });
    expect(afterStrike(facts, named, { now: at(NOW), witness: 'silent', canary: ALONE })).toMatchObject({
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
      witness: 'accepts',
    } as const;
    expect(struckBy(suspected, 'silent')).toMatchObject({ lastReason: 'rotated_elsewhere' });
    expect(struckBy(suspected, 'refuses')).toMatchObject({ lastReason: 'refresh_unconfirmed' });
  });
});
