import { describe, expect, it } from '@jest/globals';
import { type TokenFacts, tokenState } from './token-state.js';

const WELL: TokenFacts = {
  health: 'active',
  ownToken: false,
  probeClass: null,
  refreshState: 'idle',
  endedReason: null,
  ended: false,
};
const state = (facts: Partial<TokenFacts> = {}): string => tokenState({ ...WELL, ...facts });

describe('an access token', () => {
  it('is valid while nothing has refused it, also while the platform fails', () => {
    expect(state()).toBe('valid');
    expect(state({ refreshState: 'backoff', health: 'degraded' })).toBe('valid');
    expect(state({ refreshState: 'in_flight' })).toBe('valid');
  });

  it('is expiring when it ends soon and nothing can prolong it', () => {
    expect(state({ health: 'expiring' })).toBe('expiring');
    expect(state({ endedReason: 'grant_expired', refreshState: 'ended', health: 'needs_reauth' })).toBe('expiring');
  });

  it('is expired when its end has passed, whether it can be renewed or not', () => {
    expect(state({ ended: true })).toBe('expired');
    expect(state({ ended: true, refreshState: 'unknown' })).toBe('expired');
    expect(state({ ended: true, endedReason: 'grant_expired', health: 'needs_reauth' })).toBe('expired');
  });

  it.each([
    ['it was disconnected', { health: 'disconnected', refreshState: 'ended' }],
    ['its grant has ended', { health: 'needs_reauth', endedReason: 'grant_revoked', refreshState: 'confirm' }],
    ['its grant was revoked, expired or not', { health: 'needs_reauth', endedReason: 'password_changed', ended: true }],
    ['the platform refused it twice', { health: 'needs_reauth', ownToken: true, probeClass: 'permanent' }],
  ] as [string, Partial<TokenFacts>][])('is revoked when %s', (_what, facts) => {
    expect(state(facts)).toBe('revoked');
  });

  it.each([
    ['a refresh was refused and not confirmed', { refreshState: 'confirm' }],
    ['the answer to a refresh was lost', { refreshState: 'unknown' }],
    ['that answer never came', { endedReason: 'refresh_outcome_unknown', health: 'needs_reauth' }],
    ['a probe was refused once', { probeClass: 'suspected', ownToken: true }],
  ] as [string, Partial<TokenFacts>][])('is in doubt when %s', (_what, facts) => {
    expect(state(facts)).toBe('unknown');
  });

  it('keeps the own token of an account apart from the state of its grant', () => {
    expect(state({ ownToken: true, endedReason: 'grant_revoked', refreshState: 'confirm' })).toBe('valid');
  });
});
