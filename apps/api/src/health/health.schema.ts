import { z } from 'zod';

export const liveSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Live' });
export type LiveView = z.output<typeof liveSchema>;

export const readySchema = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), reason: z.string().optional() })),
  })
  .meta({ id: 'Ready' });
export type ReadyView = z.output<typeof readySchema>;

export const readyExample: ReadyView = { status: 'ready', checks: [{ name: 'database', ok: true }] };
export const notReadyExample: ReadyView = {
  status: 'not_ready',
  checks: [{ name: 'database', ok: false, reason: 'cannot be reached' }],
};
