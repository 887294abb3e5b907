import { describe, expect, it } from '@jest/globals';
import { changeStep, newSteps, POOL_STEPS, type PoolStep, type PoolStepName } from './pool-steps.js';

const START = new Date('2026-12-01T09:00:00Z');
const LATER = new Date('2026-12-01T10:00:00Z');

type Change = [PoolStepName, 'done' | 'failed'];

/** The steps and the state after these changes. */
function after(...changes: Change[]): { steps: PoolStep[]; state: string } {
  let result: { steps: PoolStep[]; state: string } = { steps: newSteps(START), state: 'pending' };
  for (const [name, state] of changes) result = changeStep(result.steps, { name, state, note: null, at: LATER });
  return result;
}

describe('the steps of an account of the pool', () => {
  it('the steps begin as pending, each with the time at which it became so', () => {
    expect(newSteps(START)).toEqual(
      POOL_STEPS.map((name) => ({ name, state: 'pending', at: START.toISOString(), note: null })),
    );
  });

  it('the account is provisioning, and ready once all steps are done', () => {
    expect(after(['credentials', 'done']).state).toBe('provisioning');
    expect(after(...POOL_STEPS.map((name): Change => [name, 'done'])).state).toBe('ready');
  });

  it('the account is failed where a step fails, until the same step is done', () => {
    expect(after(['credentials', 'failed']).state).toBe('failed');
    expect(after(['credentials', 'done'], ['profile', 'failed']).state).toBe('failed');
    expect(after(['credentials', 'done'], ['profile', 'failed'], ['profile', 'done']).state).toBe('provisioning');
  });

  it('each step keeps the note and the time of its last change', () => {
    const { steps } = changeStep(newSteps(START), { name: 'credentials', state: 'done', note: 'by post', at: LATER });
    expect(steps[0]).toEqual({ name: 'credentials', state: 'done', note: 'by post', at: LATER.toISOString() });
    expect(steps[1]?.at).toBe(START.toISOString());
  });

  it.each<[string, Change[], Change]>([
    ['before the first', [], ['profile', 'done']],
    ['behind a failed one', [['credentials', 'failed']], ['profile', 'done']],
    ['two ahead', [['credentials', 'done']], ['warmup', 'failed']],
  ])('a step is refused out of order: %s', (_what, before, change) => {
    expect(() => after(...before, change)).toThrow(expect.objectContaining({ code: 'pool_account.step_refused' }));
  });

  it('a step stays as it is once a later one has begun', () => {
    expect(() => after(['credentials', 'done'], ['profile', 'done'], ['credentials', 'failed'])).toThrow(
      /^The step profile has begun/,
    );
  });
});
