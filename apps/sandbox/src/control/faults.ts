import type { z } from 'zod';
import type { Fault, Faults } from '../memory/faults.js';
import type { FaultPlan } from './control.schema.js';

export function planFault(faults: Faults, plan: z.output<typeof FaultPlan>): object {
  const { delay_ms: delay, drop, ...rest } = plan;
  const fault: Fault = { ...rest, delay, drop: drop === true ? 'before' : drop || undefined };
  faults.plan(fault);
  return faultView({ ...fault, left: fault.times });
}

export const faultView = ({ delay, ...fault }: Fault & { left: number }): object => ({ ...fault, delay_ms: delay });
