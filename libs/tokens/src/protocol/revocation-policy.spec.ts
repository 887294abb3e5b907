import { describe, expect, it } from '@jest/globals';
import {
  ALONE,
  at,
  canary as others,
  DAY,
  grantFacts,
  HOUR,
  MINUTE,
  SECOND,
} from '../../../../test/support/grant-facts.js';
import {
  type Canary,
  trustsRefusals,
  decideRevocation,
  type RevocationDecision,
  needsCanary,
  type ApiCheck,
} from './revocation-policy.js';
import type { GrantChange } from './grant.js';

/** The moment of the strike: the access token has 24 minutes left, or ended a minute ago. */
const NOW = 96 * MINUTE;
const valid = { accessExpiresAt: at(2 * HOUR) };
const ended = { accessExpiresAt: at(NOW - MINUTE) };
const again = (milliseconds: number): RevocationDecision => ({ revoked: false, nextCheckAt: at(NOW + milliseconds) });
const REVOKED: RevocationDecision = { revoked: true };

interface Strike {
  apiCheck: ApiCheck;
  /** How long ago another grant of the app got an ok; null: there is none. */
  canary?: number | null;
}
const decision = (facts: GrantChange, { apiCheck, canary = null }: Strike): RevocationDecision =>
  decideRevocation(grantFacts(facts), {
    now: at(NOW),
    apiCheck,
    canary: canary === null ? ALONE : others(at(NOW - canary)),
  });
const among = (facts: GrantChange, apiCheck: ApiCheck, canary: Partial<Canary>): RevocationDecision =>
  decideRevocation(grantFacts(facts), { now: at(NOW), apiCheck, canary: { ...others(null), ...canary } });

/** What earlier strikes left: how many, how long ago the first and the last were, and the API check at the last. */
const struck = (strikeCount: number, first: number, apiCheck: ApiCheck = 'silent', last = first): GrantChange => ({
  strikeCount,
  firstStrikeAt: at(NOW - first),
  lastStrikeAt: at(NOW - last),
  apiCheck,
});

describe('a first refusal', () => {
  it.each<[string, GrantChange, ApiCheck, number]>([
    ['when the API refuses the access token too', valid, 'refuses', MINUTE],
    ['when the API can not be reached', valid, 'silent', MINUTE],
    ['when the API still takes the access token', valid, 'accepts', 10 * MINUTE],
    ['when the access token has ended', ended, 'silent', 10 * MINUTE],
    ['when the access token has no end', { accessExpiresAt: null }, 'refuses', MINUTE],
  ])('never decides %s: both are checked again', (_when, facts, apiCheck, wait) => {
    for (const canary of [null, SECOND, DAY]) expect(decision(facts, { apiCheck, canary })).toEqual(again(wait));
  });
});

describe('while the access token should still be good', () => {
  it('a grant is revoked when the API refuses it, too, twice and a minute apart', () => {
    expect(decision({ ...valid, ...struck(1, MINUTE, 'refuses') }, { apiCheck: 'refuses', canary: SECOND })).toEqual(
      REVOKED,
    );
  });

  it('a grant is revoked when the API refused it and the token expired before the second check', () => {
    expect(decision({ ...ended, ...struck(1, MINUTE, 'refuses') }, { apiCheck: 'silent', canary: SECOND })).toEqual(
      REVOKED,
    );
  });

  it.each<[string, ApiCheck, ApiCheck]>([
    ['refused the second time only', 'silent', 'refuses'],
    ['refused the first time only', 'refuses', 'silent'],
    ['could never be reached', 'silent', 'silent'],
  ])('a grant is not revoked when the API %s', (_what, before, now) => {
    expect(decision({ ...valid, ...struck(1, MINUTE, before) }, { apiCheck: now, canary: SECOND }).revoked).toBe(false);
  });

  it('a grant is not revoked while the API accepts its token, however often and long it is refused', () => {
    const facts = { ...valid, ...struck(99, 30 * DAY, 'refuses', HOUR) };
    expect(decision(facts, { apiCheck: 'accepts', canary: SECOND })).toEqual(again(10 * MINUTE));
  });

  it.each([1, 49])('two refusals %i seconds apart count once: a repeated request is no second proof', (apart) => {
    const facts = { ...valid, ...struck(1, apart * SECOND, 'refuses') };
    expect(decision(facts, { apiCheck: 'refuses', canary: SECOND }).revoked).toBe(false);
  });

  it('a button that is pressed repeatedly does not postpone the next check of both', () => {
    const facts = { ...valid, ...struck(1, 20 * SECOND, 'refuses') };
    expect(decision(facts, { apiCheck: 'refuses' })).toEqual(again(40 * SECOND));
  });

  it('an API that does not answer is checked less and less often, every ten minutes at last', () => {
    const waits = [1, 2, 3, 4, 50].map((count) =>
      decision({ ...valid, ...struck(count, HOUR, 'silent', MINUTE) }, { apiCheck: 'silent' }),
    );
    expect(waits).toEqual([2, 4, 8, 10, 10].map((minutes) => again(minutes * MINUTE)));
  });
});

describe('the only grant of an app, refused by both', () => {
  const elsewhere = (seen: Partial<Canary>, ago: number): RevocationDecision =>
    decideRevocation(grantFacts({ ...valid, ...struck(1, ago, 'refuses', MINUTE) }), {
      now: at(NOW),
      apiCheck: 'refuses',
      canary: { ...ALONE, ...seen },
    });

  it('is revoked after 65 minutes, and not before', () => {
    expect(elsewhere({}, 64 * MINUTE).revoked).toBe(false);
    expect(elsewhere({}, 65 * MINUTE)).toEqual(REVOKED);
  });

  it('is revoked a minute later where the platform accepts a grant of another app after the first refusal', () => {
    expect(elsewhere({ acceptedAt: at(NOW - SECOND) }, MINUTE)).toEqual(REVOKED);
    expect(elsewhere({ acceptedAt: at(NOW - 2 * MINUTE) }, MINUTE).revoked).toBe(false);
  });

  it('is not revoked before two days where the platform refuses grants of other apps and accepts none', () => {
    expect(elsewhere({ refusedAt: at(NOW - MINUTE) }, DAY).revoked).toBe(false);
    expect(elsewhere({ refusedAt: at(NOW - MINUTE) }, 2 * DAY)).toEqual(REVOKED);
  });
});

describe('once the access token has ended', () => {
  it('a grant is revoked at a second refusal 15 minutes after the first, if another grant of the app got an ok within 30', () => {
    expect(decision({ ...ended, ...struck(1, 15 * MINUTE) }, { apiCheck: 'silent', canary: 14 * MINUTE })).toEqual(
      REVOKED,
    );
    expect(decision({ ...ended, ...struck(2, 50 * MINUTE) }, { apiCheck: 'silent', canary: 30 * MINUTE })).toEqual(
      REVOKED,
    );
    expect(decision({ ...ended, ...struck(2, 50 * MINUTE) }, { apiCheck: 'silent', canary: 31 * MINUTE }).revoked).toBe(
      false,
    );
  });

  it('a grant is not revoked before the 15 minutes are over', () => {
    const facts = { ...ended, ...struck(1, 14 * MINUTE) };
    expect(decision(facts, { apiCheck: 'silent', canary: MINUTE })).toEqual(again(MINUTE));
  });

  it('the only grant of an app is not revoked by a second refusal, but by a third, 65 minutes after the first', () => {
    expect(decision({ ...ended, ...struck(1, 15 * MINUTE) }, { apiCheck: 'silent' })).toEqual(again(10 * MINUTE));
    expect(decision({ ...ended, ...struck(2, HOUR) }, { apiCheck: 'silent' })).toEqual(again(5 * MINUTE));
    expect(decision({ ...ended, ...struck(2, 65 * MINUTE) }, { apiCheck: 'silent' })).toEqual(REVOKED);
  });

  it('a grant beside others is not revoked before one of them was refreshed since the first refusal, however long none was tried', () => {
    for (const canary of [16 * MINUTE, DAY])
      expect(decision({ ...ended, ...struck(1, 15 * MINUTE) }, { apiCheck: 'silent', canary })).toEqual(
        again(10 * MINUTE),
      );
    expect(among({ ...ended, ...struck(20, DAY) }, 'silent', {})).toEqual(again(10 * MINUTE));
    expect(among({ ...ended, ...struck(20, 2 * DAY) }, 'silent', {})).toEqual(REVOKED);
  });

  it('others that nothing can refresh are not waited for', () => {
    expect(among({ ...ended, ...struck(2, 65 * MINUTE) }, 'silent', { refreshable: false })).toEqual(REVOKED);
  });

  it('another one is refreshed before its time from the second refusal on, if none was tried since the first and lately', () => {
    const needsCanaryFor = (facts: GrantChange, canary: Partial<Canary> = {}): boolean =>
      needsCanary(grantFacts(facts), { now: at(NOW), apiCheck: 'silent', canary: { ...others(null), ...canary } });
    const second = { ...ended, ...struck(1, 10 * MINUTE) };
    expect(needsCanaryFor(second)).toBe(true);
    expect(
      needsCanaryFor({ ...second, ...struck(9, HOUR, 'silent', 10 * MINUTE) }, { refusedAt: at(NOW - 31 * MINUTE) }),
    ).toBe(true);
    expect(needsCanaryFor(second, { refreshedAt: at(NOW - 11 * MINUTE) })).toBe(true);
    for (const tried of [{ refreshedAt: at(NOW - MINUTE) }, { refusedAt: at(NOW - MINUTE) }, { refreshable: false }])
      expect(needsCanaryFor(second, tried)).toBe(false);
    expect(needsCanaryFor({ ...second, ...struck(1, 49 * SECOND) })).toBe(false);
    expect(needsCanaryFor({ ...second, ...valid })).toBe(false);
    expect(needsCanaryFor({ ...second, endedReason: 'grant_revoked' })).toBe(false);
    expect(needsCanaryFor(ended)).toBe(false);
  });

  it('a second refusal is no third, even hours after the first', () => {
    expect(decision({ ...ended, ...struck(1, 5 * HOUR) }, { apiCheck: 'silent' })).toEqual(again(10 * MINUTE));
  });

  it('a grant whose token the API accepted at the last refusal ends by time, too', () => {
    expect(
      decision({ ...ended, ...struck(1, 10 * MINUTE, 'accepts') }, { apiCheck: 'silent', canary: MINUTE }),
    ).toEqual(again(5 * MINUTE));
    expect(
      decision({ ...ended, ...struck(2, 20 * MINUTE, 'accepts') }, { apiCheck: 'silent', canary: MINUTE }),
    ).toEqual(REVOKED);
  });

  it('a grant is not revoked within a day where the others that were tried were refused as well', () => {
    for (const refreshable of [true, false]) {
      const refused = { refreshable, refusedAt: at(NOW - MINUTE) };
      expect(among({ ...ended, ...struck(20, DAY) }, 'silent', refused).revoked).toBe(false);
      expect(among({ ...ended, ...struck(20, 2 * DAY) }, 'silent', refused)).toEqual(REVOKED);
    }
  });

  it('an API that accepts another one proves nothing about the token endpoint', () => {
    expect(among({ ...ended, ...struck(1, 15 * MINUTE) }, 'silent', { acceptedAt: at(NOW) }).revoked).toBe(false);
  });
});

describe('among other accounts of the app', () => {
  const twice = { ...valid, ...struck(1, MINUTE, 'refuses') };

  it('a grant is revoked by a second refusal only after the platform accepted one of them', () => {
    expect(among(twice, 'refuses', { acceptedAt: at(NOW - SECOND) })).toEqual(REVOKED);
    for (const acceptedAt of [null, at(NOW - MINUTE), at(NOW - HOUR)])
      expect(among(twice, 'refuses', { acceptedAt }).revoked).toBe(false);
  });

  it('requests to the platform become less frequent while it accepts no grant, and its refusals count after two days', () => {
    const facts = (count: number, since: number): GrantChange => ({
      ...valid,
      ...struck(count, since, 'refuses', MINUTE),
    });
    const waits = [1, 2, 3, 4, 50].map((count) => among(facts(count, HOUR), 'refuses', {}));
    expect(waits).toEqual([2, 4, 8, 10, 10].map((minutes) => again(minutes * MINUTE)));
    expect(among(facts(90, DAY), 'refuses', {}).revoked).toBe(false);
    expect(among(facts(90, 2 * DAY), 'refuses', {})).toEqual(REVOKED);
  });

  it('a grant whose token expired before the others were tried is revoked when one of them is refreshed, and not when the API accepts one', () => {
    const over = { ...ended, ...struck(1, MINUTE, 'refuses') };
    expect(among(over, 'silent', { acceptedAt: at(NOW) })).toEqual(again(2 * MINUTE));
    expect(among(over, 'silent', { refreshedAt: at(NOW - SECOND) })).toEqual(REVOKED);
  });
});

describe('a refusal while refusals keep the breaker of the app from closing', () => {
  const issued = (ago: number): GrantChange => ({ issuedAt: at(NOW - ago) });
  const trusted = (shutFor: number | null, issuedAgo: number): boolean =>
    trustsRefusals(grantFacts(issued(issuedAgo)), shutFor === null ? null : at(NOW - shutFor), at(NOW));
  const shut = (facts: GrantChange, apiCheck: ApiCheck): RevocationDecision =>
    decideRevocation(grantFacts({ ...issued(9 * DAY), ...facts }), {
      now: at(NOW),
      apiCheck,
      canary: others(null),
      refusedSince: at(NOW - 2 * DAY),
    });

  it('a refusal counts after two days in which the grant got no tokens, and not before', () => {
    expect(trusted(2 * DAY, 2 * DAY)).toBe(true);
    expect(trusted(2 * DAY - SECOND, 9 * DAY)).toBe(false);
    expect(trusted(9 * DAY, 2 * DAY - SECOND)).toBe(false);
    expect(trusted(null, 9 * DAY)).toBe(false);
  });

  it('a refusal does not count for earlier strikes, however old: the platform may have been down since', () => {
    const facts = grantFacts({ ...issued(9 * DAY), ...ended, ...struck(1, 3 * DAY, 'refuses') });
    expect(trustsRefusals(facts, null, at(NOW))).toBe(false);
    expect(trustsRefusals(facts, at(NOW - HOUR), at(NOW))).toBe(false);
  });

  it('does not decide alone then: a second by both is required, or a third where the token has ended', () => {
    expect(shut(valid, 'refuses')).toEqual(again(MINUTE));
    expect(shut({ ...valid, ...struck(1, MINUTE, 'refuses') }, 'refuses')).toEqual(REVOKED);
    expect(shut({ ...valid, ...struck(9, HOUR, 'accepts', MINUTE) }, 'accepts')).toEqual(again(10 * MINUTE));
    for (const count of [0, 1])
      expect(shut({ ...ended, ...(count > 0 && struck(count, 10 * MINUTE)) }, 'silent')).toEqual(again(10 * MINUTE));
    expect(shut({ ...ended, ...struck(2, 20 * MINUTE) }, 'silent')).toEqual(REVOKED);
  });
});
