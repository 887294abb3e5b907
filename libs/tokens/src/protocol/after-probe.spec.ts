import { describe, expect, it } from '@jest/globals';
import type { Failure, ProbeReading } from '#providers';
import { at, DAY, HOUR, MINUTE, SECOND } from '../../../../test/support/grant-facts.js';
import { afterProbe, needsApiCanary, type ProbeChange, type ProbedAccount, type ProbeMoment } from './after-probe.js';

const ACCOUNT: ProbedAccount = {
  ownToken: false,
  mode: 'rotating_strict',
  probeClass: null,
  probeReason: null,
  probeStruckAt: null,
  issuedAt: at(0),
  accessExpiresAt: null,
  refusedAt: [],
};
const page: ProbedAccount = { ...ACCOUNT, ownToken: true };
const NOW = HOUR;
const probed = (
  account: ProbedAccount,
  reading: ProbeReading,
  draw = 0,
  more: Partial<ProbeMoment> = {},
): ProbeChange => afterProbe(account, reading, { now: at(NOW), random: () => draw, every: DAY, ...more });
const refused = (failure: Partial<Failure>): ProbeReading => ({
  ok: false,
  failure: { class: 'temporary', reason: 'provider_unavailable', code: 'http_500', ...failure },
});
const permanent = refused({ class: 'permanent', reason: 'grant_revoked' });
const suspected: Partial<ProbedAccount> = { probeClass: 'suspected', probeStruckAt: at(NOW - MINUTE) };

describe('after a probe that found an account well', () => {
  it('nothing is held against it, and it is probed again in its time, a tenth later at most', () => {
    const well = {
      probeClass: null,
      probeReason: null,
      probeStruckAt: null,
      probeDueAt: at(NOW + DAY),
      refusedAt: [],
      refreshNow: false,
    };
    expect(probed({ ...page, ...suspected, probeClass: 'permanent' }, { ok: true })).toEqual(well);
    expect(probed(ACCOUNT, { ok: true }, 0.5).probeDueAt).toEqual(at(NOW + 1.05 * DAY));
  });
});

describe('after a probe that was refused', () => {
  it('a token that can be refreshed is refreshed at once, and that decides', () => {
    expect(probed(ACCOUNT, permanent)).toMatchObject({ probeClass: null, refreshNow: true, probeDueAt: at(NOW + DAY) });
  });

  it.each([
    ['with a token of its own', page],
    ['whose grant nothing refreshes', { ...ACCOUNT, mode: 'none' as const }],
  ])('an account %s is suspected, and probed again a minute later', (_what, account) => {
    expect(probed(account, permanent)).toEqual({
      probeClass: 'suspected',
      probeReason: 'grant_revoked',
      probeStruckAt: at(NOW),
      probeDueAt: at(NOW + MINUTE),
      refusedAt: [],
      refreshNow: false,
    });
  });

  it('an account is lost at the second refusal, a minute after the first', () => {
    expect(probed({ ...page, ...suspected }, permanent)).toMatchObject({
      probeClass: 'permanent',
      probeReason: 'grant_revoked',
      probeDueAt: at(NOW + DAY),
    });
  });

  it('two refusals within 50 seconds are one', () => {
    const twice = { ...page, probeClass: 'suspected' as const, probeStruckAt: at(NOW - 49 * SECOND) };
    expect(probed(twice, permanent)).toMatchObject({ probeClass: 'suspected', probeStruckAt: at(NOW - 49 * SECOND) });
  });
});

describe('after a probe that the platform did not answer', () => {
  it.each(['temporary', 'app'] as const)(
    'a %s failure changes nothing, and the next probe follows in five minutes or when the platform requests',
    (matter) => {
      for (const account of [ACCOUNT, { ...page, ...suspected }]) {
        const change = probed(account, refused({ class: matter }));
        expect(change).toMatchObject({
          probeClass: account.probeClass,
          probeStruckAt: account.probeStruckAt,
          probeDueAt: at(NOW + 5 * MINUTE),
          refreshNow: false,
        });
      }
      expect(probed(ACCOUNT, refused({ class: matter, retryAfter: 3_600 })).probeDueAt).toEqual(at(NOW + HOUR));
    },
  );
});

describe('after a probe that found something for the person to do', () => {
  const matters = [
    ['owner', 'checkpoint'],
    ['permission', 'role_lost'],
  ] as const;
  const first = (matter: 'owner' | 'permission', ago = MINUTE): ProbedAccount => ({
    ...page,
    probeClass: 'suspected',
    probeReason: matter,
    probeStruckAt: at(NOW - ago),
  });

  it.each(matters)(
    'one answer (%s) decides nothing: the account is suspected, and probed again a minute later',
    (matter, reason) => {
      const suspects = {
        probeClass: 'suspected',
        probeReason: matter,
        probeStruckAt: at(NOW),
        probeDueAt: at(NOW + MINUTE),
        refusedAt: [],
        refreshNow: false,
      };
      expect(probed(page, refused({ class: matter, reason }))).toEqual(suspects);
      expect(probed({ ...page, ...suspected }, refused({ class: matter, reason }))).toEqual(suspects);
    },
  );

  it.each(matters)(
    'the account reports it (%s) after a second answer, and is probed again in an hour',
    (matter, reason) => {
      const reported = {
        probeClass: matter,
        probeReason: reason,
        probeStruckAt: null,
        probeDueAt: at(NOW + HOUR),
        refusedAt: [],
        refreshNow: false,
      };
      expect(probed(first(matter), refused({ class: matter, reason }))).toEqual(reported);
      expect(probed({ ...page, probeClass: matter, probeReason: reason }, refused({ class: matter, reason }))).toEqual(
        reported,
      );
    },
  );

  it('two answers within 50 seconds are one', () => {
    expect(probed(first('permission', 49 * SECOND), refused({ class: 'permission' }))).toMatchObject({
      probeClass: 'suspected',
      probeStruckAt: at(NOW - 49 * SECOND),
    });
  });

  it('answers of different classes do not confirm each other', () => {
    expect(probed(first('permission'), permanent)).toMatchObject({ probeClass: 'suspected', probeStruckAt: at(NOW) });
    expect(probed(first('permission'), refused({ class: 'owner' }))).toMatchObject({
      probeClass: 'suspected',
      probeReason: 'owner',
    });
  });

  it('fewer scopes are reported after a second answer that names them', () => {
    const narrower = { isNarrower: true };
    const once = probed(ACCOUNT, { ok: true }, 0, narrower);
    expect(once).toMatchObject({ probeClass: 'suspected', probeStruckAt: at(NOW), probeDueAt: at(NOW + MINUTE) });
    expect(probed(first('permission'), { ok: true }, 0, narrower)).toMatchObject({
      probeClass: null,
      probeStruckAt: null,
      probeDueAt: at(NOW + DAY),
    });
  });

  it('tokens that no platform has confirmed stay unverified until the second answer', () => {
    const unconfirmed = { ...page, isUnconfirmed: true, probeClass: 'unverified', probeReason: 'unverified' } as const;
    const once = probed(unconfirmed, refused({ class: 'permission', reason: 'role_lost' }));
    expect(once).toMatchObject({ probeClass: 'unverified', probeReason: 'permission' });
    const again = { ...unconfirmed, probeReason: 'permission', probeStruckAt: at(NOW - MINUTE) };
    expect(probed(again, refused({ class: 'permission', reason: 'role_lost' }))).toMatchObject({
      probeClass: 'permission',
      probeReason: 'role_lost',
    });
  });
});

describe('after refusals of several new tokens', () => {
  const refusedBefore = (...moments: number[]): ProbedAccount => ({
    ...ACCOUNT,
    issuedAt: at(NOW - 10 * MINUTE),
    refusedAt: moments.map((moment) => at(NOW - moment)),
  });
  const third = refusedBefore(2 * HOUR, HOUR);
  const accepted = { canary: { others: true, acceptedAt: at(NOW) } };

  it('an account is suspected at the second, and still refreshed', () => {
    expect(probed(refusedBefore(HOUR), permanent)).toMatchObject({
      probeClass: 'suspected',
      refusedAt: [at(NOW - HOUR), at(NOW)],
      refreshNow: true,
    });
  });

  it('an account is rejected at the third if the API accepts another account, and not refreshed', () => {
    expect(needsApiCanary(third, permanent, at(NOW))).toBe(true);
    expect(probed(third, permanent, 0, accepted)).toMatchObject({
      probeClass: 'permanent',
      probeReason: 'api_rejects_token',
      probeDueAt: at(NOW + DAY),
      refreshNow: false,
    });
  });

  it('an account stays suspected at the third if the API accepts no other account', () => {
    const refusedAll = { canary: { others: true, acceptedAt: null } };
    expect(probed(third, permanent, 0, refusedAll)).toMatchObject({ probeClass: 'suspected', refreshNow: true });
  });

  it('a rejected account stays rejected at each later refusal, without another check, and recovers at an accepted probe', () => {
    const rejected = { ...refusedBefore(DAY), probeClass: 'permanent', probeReason: 'api_rejects_token' } as const;
    expect(needsApiCanary(rejected, permanent, at(NOW))).toBe(false);
    expect(probed(rejected, permanent)).toMatchObject({ probeClass: 'permanent', refreshNow: false });
    expect(probed(rejected, { ok: true })).toMatchObject({ probeClass: null, refusedAt: [] });
  });

  it('tokens that no platform has confirmed stay unverified until then', () => {
    const unconfirmed = { ...refusedBefore(HOUR), isUnconfirmed: true, probeClass: 'unverified' } as const;
    expect(probed(unconfirmed, permanent)).toMatchObject({ probeClass: 'unverified', refreshNow: true });
  });

  it('refusals do not count while the app is refused', () => {
    const failing = { ...third, isAppFailing: true };
    expect(needsApiCanary(failing, permanent, at(NOW))).toBe(false);
    expect(probed(failing, permanent).refusedAt).toEqual(third.refusedAt);
  });

  it.each([
    ['no answer', 'temporary', 2],
    ['a refusal of the app', 'app', 2],
    ['an action of the owner', 'owner', 2],
    ['a missing permission', 'permission', 0],
  ] as const)('the count after %s (%s) is %i', (_what, matter, count) => {
    expect(probed(third, refused({ class: matter })).refusedAt).toHaveLength(count);
  });
});

describe('after the refusal of a token that was just issued', () => {
  const fresh: ProbedAccount = { ...ACCOUNT, issuedAt: at(NOW - MINUTE), refusedAt: [at(0), at(MINUTE)] };

  it('the probe is repeated a minute later, and nothing is refreshed or counted', () => {
    for (const oncePerUtcDay of [false, true])
      expect(probed(fresh, permanent, 0, { oncePerUtcDay })).toMatchObject({
        probeClass: null,
        probeStruckAt: at(NOW),
        probeDueAt: at(NOW + MINUTE),
        refusedAt: fresh.refusedAt,
        refreshNow: false,
      });
    expect(needsApiCanary(fresh, permanent, at(NOW))).toBe(false);
  });

  it('the first refusal of all counts, and causes a refresh', () => {
    expect(probed({ ...fresh, refusedAt: [] }, permanent)).toMatchObject({ refusedAt: [at(NOW)], refreshNow: true });
  });

  it('a second refusal a minute later counts', () => {
    const again = { ...fresh, probeStruckAt: at(NOW - MINUTE) };
    expect(probed(again, permanent)).toMatchObject({ probeStruckAt: null, refreshNow: true });
    expect(needsApiCanary(again, permanent, at(NOW))).toBe(true);
  });
});
