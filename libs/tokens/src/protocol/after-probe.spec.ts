import { describe, expect, it } from '@jest/globals';
import type { Failure, ProbeReading } from '#providers';
import { at, DAY, HOUR, MINUTE, SECOND } from '../../../../test/support/grant-facts.js';
import { afterProbe, type ProbeChange, type ProbedAccount } from './after-probe.js';

const ACCOUNT: ProbedAccount = { ownToken: false, mode: 'rotating_strict', probeClass: null, probeStruckAt: null };
const page: ProbedAccount = { ...ACCOUNT, ownToken: true };
const NOW = HOUR;
const probed = (account: ProbedAccount, reading: ProbeReading, draw = 0): ProbeChange =>
  afterProbe(account, reading, { now: at(NOW), random: () => draw, every: DAY });
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
  ])('an account %s is suspected, and asked again a minute later', (_what, account) => {
    expect(probed(account, permanent)).toEqual({
      probeClass: 'suspected',
      probeReason: 'grant_revoked',
      probeStruckAt: at(NOW),
      probeDueAt: at(NOW + MINUTE),
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
    'a %s failure changes nothing, and the next probe follows in five minutes or when the platform says',
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
  it.each([
    ['owner', 'checkpoint'],
    ['permission', 'role_lost'],
  ] as const)('the account says so (%s) and is looked at again in an hour', (matter, reason) => {
    expect(probed({ ...page, ...suspected }, refused({ class: matter, reason }))).toEqual({
      probeClass: matter,
      probeReason: reason,
      probeStruckAt: null,
      probeDueAt: at(NOW + HOUR),
      refreshNow: false,
    });
  });
});
