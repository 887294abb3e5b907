import type { z } from 'zod';
import type { Fault, Faults } from '../memory/faults.js';
import type { FaultPlan } from './control.schema.js';

export function planFault(faults: Faults, plan: z.output<typeof FaultPlan>): object {
  const { delay_ms: delay, drip_ms: drip, drop, body_base64: base64, body, ...rest } = plan;
  const fault: Fault = {
    ...rest,
    body: base64 === undefined ? body : Buffer.from(base64, 'base64'),
    delay,
    drip,
    drop: drop === true ? 'before' : drop || undefined,
  };
  faults.plan(fault);
  return faultView({ ...fault, left: fault.times });
}

export const faultView = ({ delay, drip, body, ...fault }: Fault & { left: number }): object => ({
  ...fault,
  ...(Buffer.isBuffer(body) ? { body_base64: body.toString('base64') } : { body }),
  delay_ms: delay,
  drip_ms: drip,
});
