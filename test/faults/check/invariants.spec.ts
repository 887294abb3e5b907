import { describe, expect, it } from '@jest/globals';
import type { AccountFacts, Facts } from './facts.js';
import { breachesOf, isFalseAlarm, isLost, isReported } from './invariants.js';

const account = (changes: Partial<AccountFacts> = {}): AccountFacts => ({
  accountId: 'a1',
  grantId: 'g1',
  person: 'p1',
  firstVersion: 1,
  version: 3,
  state: 'idle',
  health: 'active',
  reason: null,
  stored: 't3',
  events: 2,
  queued: 2,
  committed: 2,
  ...changes,
});

const facts = (changes: Partial<Facts> = {}, leaf: string | null = 't3'): Facts => ({
  accounts: [account()],
  platform: {
    leaves: new Map([['p1', leaf]]),
    sends: [
      { token: 't1', rotated: true },
      { token: 't2', rotated: true },
    ],
    revoked: new Set(),
  },
  unanswered: new Map(),
  journaled: [],
  late: [],
  unsettled: 0,
  inTheClear: [],
  ...changes,
});

const broken = (given: Facts): string[] => [...new Set(breachesOf(given).map(({ invariant }) => invariant))];

describe('the checks after a run', () => {
  it('find no breach in a correct run', () => {
    expect(broken(facts())).toEqual([]);
  });

  it('I1: report a stored token that the platform does not accept', () => {
    expect(broken(facts({ accounts: [account({ health: 'degraded' })] }, 't4'))).toEqual(['I1']);
  });

  it('I1: allow a loss that was reported', () => {
    const reported = account({ health: 'needs_reauth', reason: 'refresh_outcome_unknown' });
    expect(broken(facts({ accounts: [reported] }, null))).toEqual([]);
    expect(isReported(reported)).toBe(true);
  });

  it('I2: report a spent token that was sent again', () => {
    const sends = [
      { token: 't1', rotated: true },
      { token: 't1', rotated: false },
    ];
    const given = facts();
    expect(broken({ ...given, platform: { ...given.platform, sends } })).toEqual(['I2']);
    expect(broken({ ...given, platform: { ...given.platform, sends }, unanswered: new Map([['t1', 1]]) })).toEqual([]);
  });

  it('I2: allow a retry after a failure that did not spend the token', () => {
    const sends = [
      { token: 't1', rotated: false },
      { token: 't1', rotated: true },
    ];
    const given = facts();
    expect(broken({ ...given, platform: { ...given.platform, sends } })).toEqual([]);
  });

  it.each(['events', 'queued', 'committed'] as const)(
    'I3: compare the number of commits with the column %s',
    (column) => {
      expect(broken(facts({ accounts: [account({ [column]: 1 })] }))).toEqual(['I3']);
      expect(broken(facts({ accounts: [account({ [column]: 3 })] }))).toEqual(['I3']);
    },
  );

  it('I4: report an account that needs reauth although its grant is valid', () => {
    const flagged = account({ health: 'needs_reauth', reason: 'token_revoked' });
    expect(broken(facts({ accounts: [flagged] }))).toEqual(['I4']);
    expect(isFalseAlarm(flagged, facts().platform)).toBe(true);
  });

  it('I4: report an account that is active although its grant is revoked', () => {
    const given = facts({}, null);
    expect(broken({ ...given, platform: { ...given.platform, revoked: new Set(['p1']) } })).toEqual(['I4']);
  });

  it.each(['unknown', 'claimed', 'in_flight'])('I5: report a grant that stays %s', (state) => {
    expect(broken(facts({ accounts: [account({ state })] }))).toEqual(['I5']);
  });

  it('I5: allow a reported loss to be unknown, because one of its later retries was not answered', () => {
    const reported = account({ state: 'unknown', health: 'needs_reauth', reason: 'refresh_outcome_unknown' });
    expect(broken(facts({ accounts: [reported] }, null))).toEqual([]);
  });

  it('I5: report a grant that was decided too late', () => {
    expect(broken(facts({ late: ['g1'] }))).toEqual(['I5']);
  });

  it('I6: report open journal entries and unencrypted tokens', () => {
    expect(broken(facts({ unsettled: 1 }))).toEqual(['I6']);
    expect(broken(facts({ inTheClear: ['worker.log'] }))).toEqual(['I6']);
  });

  it('I7: report a loss whose answer was in the journal', () => {
    const reported = account({ health: 'needs_reauth', reason: 'refresh_outcome_unknown' });
    expect(broken(facts({ accounts: [reported], journaled: [{ grantId: 'g1', version: 3 }] }, null))).toEqual(['I7']);
    expect(broken(facts({ accounts: [reported], journaled: [{ grantId: 'g1', version: 2 }] }, null))).toEqual([]);
  });

  it('a grant that the run itself revoked does not count as lost', () => {
    const { platform } = facts({}, null);
    expect(isLost(account(), { ...platform, revoked: new Set(['p1']) })).toBe(false);
    expect(isLost(account(), platform)).toBe(true);
  });
});
