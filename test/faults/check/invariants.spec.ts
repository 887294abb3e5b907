import { describe, expect, it } from '@jest/globals';
import type { AccountFacts, Facts } from './facts.js';
import { breachesOf, isFalseDeath, isLost, isReported } from './invariants.js';

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
  told: 2,
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
  it('find nothing where nothing is wrong', () => {
    expect(broken(facts())).toEqual([]);
  });

  it('I1: miss a stored token that is not the one that works', () => {
    expect(broken(facts({ accounts: [account({ health: 'degraded' })] }, 't4'))).toEqual(['I1']);
  });

  it('I1: forgive a loss that was told', () => {
    const reported = account({ health: 'needs_reauth', reason: 'refresh_outcome_unknown' });
    expect(broken(facts({ accounts: [reported] }, null))).toEqual([]);
    expect(isReported(reported)).toBe(true);
  });

  it('I2: see a token that was spent and came again', () => {
    const sends = [
      { token: 't1', rotated: true },
      { token: 't1', rotated: false },
    ];
    const given = facts();
    expect(broken({ ...given, platform: { ...given.platform, sends } })).toEqual(['I2']);
    expect(broken({ ...given, platform: { ...given.platform, sends }, unanswered: new Map([['t1', 1]]) })).toEqual([]);
  });

  it('I2: allow a second try after a failure that spent nothing', () => {
    const sends = [
      { token: 't1', rotated: false },
      { token: 't1', rotated: true },
    ];
    const given = facts();
    expect(broken({ ...given, platform: { ...given.platform, sends } })).toEqual([]);
  });

  it.each(['told', 'queued', 'committed'] as const)('I3: count commits against what was %s', (column) => {
    expect(broken(facts({ accounts: [account({ [column]: 1 })] }))).toEqual(['I3']);
    expect(broken(facts({ accounts: [account({ [column]: 3 })] }))).toEqual(['I3']);
  });

  it('I4: see who is called dead and lives', () => {
    const dead = account({ health: 'needs_reauth', reason: 'token_revoked' });
    expect(broken(facts({ accounts: [dead] }))).toEqual(['I4']);
    expect(isFalseDeath(dead, facts().platform)).toBe(true);
  });

  it('I4: see who is called active and was revoked', () => {
    const given = facts({}, null);
    expect(broken({ ...given, platform: { ...given.platform, revoked: new Set(['p1']) } })).toEqual(['I4']);
  });

  it.each(['unknown', 'claimed', 'in_flight'])('I5: see a grant that stays %s', (state) => {
    expect(broken(facts({ accounts: [account({ state })] }))).toEqual(['I5']);
  });

  it('I5: ask no more of a grant whose loss was told, though one of its later tries was not answered', () => {
    const told = account({ state: 'unknown', health: 'needs_reauth', reason: 'refresh_outcome_unknown' });
    expect(broken(facts({ accounts: [told] }, null))).toEqual([]);
  });

  it('I5: see a grant that was decided too late', () => {
    expect(broken(facts({ late: ['g1'] }))).toEqual(['I5']);
  });

  it('I6: see what is left in the journal, and tokens in the clear', () => {
    expect(broken(facts({ unsettled: 1 }))).toEqual(['I6']);
    expect(broken(facts({ inTheClear: ['worker.log'] }))).toEqual(['I6']);
  });

  it('I7: see a loss whose answer was on the disk', () => {
    const reported = account({ health: 'needs_reauth', reason: 'refresh_outcome_unknown' });
    expect(broken(facts({ accounts: [reported], journaled: [{ grantId: 'g1', version: 3 }] }, null))).toEqual(['I7']);
    expect(broken(facts({ accounts: [reported], journaled: [{ grantId: 'g1', version: 2 }] }, null))).toEqual([]);
  });

  it('a grant that the run itself has ended is no loss', () => {
    const { platform } = facts({}, null);
    expect(isLost(account(), { ...platform, revoked: new Set(['p1']) })).toBe(false);
    expect(isLost(account(), platform)).toBe(true);
  });
});
