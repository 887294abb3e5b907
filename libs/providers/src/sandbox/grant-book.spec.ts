import { describe, expect, it } from '@jest/globals';
import { days } from '#config';
import type { GrantRecord } from './records.js';
import { SandboxState } from './state.js';

const newState = (): { state: SandboxState; kept: Map<string, string> } => {
  const kept = new Map<string, string>();
  const state = new SandboxState({
    put: (key, value) => {
      kept.set(key, JSON.stringify(value));
    },
    delete: (key) => {
      kept.delete(key);
    },
  });
  return { state, kept };
};
const newGrant = (grantedAt: number): GrantRecord => ({
  id: 'g',
  provider: 'p',
  clientId: 'c',
  persona: 'happy',
  scopes: [],
  grantedAt,
  access: [],
  spent: [],
});
const pair = (n: number, expiresAt: number) => ({
  access: { digest: `access ${n}`, expiresAt },
  refresh: { digest: `refresh ${n}`, expiresAt },
});

describe('a grant that is refreshed for months', () => {
  it('stays small: it keeps its last tokens and drops the first', () => {
    const { state } = newState();
    const grant = newGrant(Date.now());
    for (let n = 1; n <= 100; n += 1) state.grants.renew(grant, pair(n, Date.now() + days(1)), n);
    expect(grant.spent.length + grant.access.length).toBeLessThan(20);
    expect(state.grants.holding('refresh 100')).toBe(grant);
    expect(state.grants.holding('refresh 99')).toBe(grant);
    expect(state.grants.holding('refresh 1')).toBeUndefined();
    expect(state.grants.holding('access 1')).toBeUndefined();
  });

  it('is found by all its tokens after it was read back', () => {
    const { state, kept } = newState();
    const grant = newGrant(Date.now());
    for (let n = 1; n <= 3; n += 1) state.grants.renew(grant, pair(n, Date.now() + days(1)), n);
    const { state: again } = newState();
    for (const [key, value] of kept) again.restore(key, JSON.parse(value) as object);
    expect(again.grants.holding('refresh 1')?.id).toBe('g');
    expect(again.grants.holding('access 3')?.id).toBe('g');
    expect([...again.grants.ofPerson('p', 'c', 'happy')]).toHaveLength(1);
  });

  it('is deleted a day after its last token ended, and not before', () => {
    const { state, kept } = newState();
    const grant = newGrant(state.clock.now());
    state.grants.renew(grant, pair(1, state.clock.now() + days(2)), 1);
    state.clock.advance(days(2));
    state.sweep();
    expect(state.grants.holding('refresh 1')).toBe(grant);
    state.clock.advance(days(1) + 1);
    state.sweep();
    expect(state.grants.holding('refresh 1')).toBeUndefined();
    expect([...kept.keys()]).toEqual(['clock!turned']);
  });
});
