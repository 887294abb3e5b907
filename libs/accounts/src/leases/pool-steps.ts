import { poolStepRefused } from '../accounts.errors.js';

/** What an operator does with an account of the pool before it is leased, in this order. */
export const POOL_STEPS = ['credentials', 'profile', 'warmup', 'review'] as const;
export type PoolStepName = (typeof POOL_STEPS)[number];

export const POOL_STEP_STATES = ['pending', 'done', 'failed'] as const;
type PoolStepState = (typeof POOL_STEP_STATES)[number];

export const POOL_STATES = ['pending', 'provisioning', 'ready', 'failed'] as const;
export type PoolState = (typeof POOL_STATES)[number];

export interface PoolStep {
  name: PoolStepName;
  state: PoolStepState;
  /** ISO 8601. */
  at: string;
  note: string | null;
}

export interface PoolStepChange {
  name: PoolStepName;
  state: Exclude<PoolStepState, 'pending'>;
  note: string | null;
  at: Date;
}

export const newSteps = (at: Date): PoolStep[] =>
  POOL_STEPS.map((name) => ({ name, state: 'pending', at: at.toISOString(), note: null }));

/** A step follows those before it, and is repeated until the next one has begun. Throws pool_account.step_refused. */
export function changeStep(
  steps: readonly PoolStep[],
  { name, state, note, at }: PoolStepChange,
): { steps: PoolStep[]; state: PoolState } {
  const position = POOL_STEPS.indexOf(name);
  const open = steps.slice(0, position).find((step) => step.state !== 'done');
  if (open) throw poolStepRefused(`The step ${open.name} is done before the step ${name}.`);
  const begun = steps.slice(position + 1).find((step) => step.state !== 'pending');
  if (begun) throw poolStepRefused(`The step ${begun.name} has begun, so the step ${name} stays as it is.`);
  const changed = steps.map((step) => (step.name === name ? { name, state, note, at: at.toISOString() } : step));
  return { steps: changed, state: stateOf(changed) };
}

function stateOf(steps: readonly PoolStep[]): PoolState {
  if (steps.some(({ state }) => state === 'failed')) return 'failed';
  if (steps.every(({ state }) => state === 'done')) return 'ready';
  return steps.some(({ state }) => state === 'done') ? 'provisioning' : 'pending';
}
