import { z } from 'zod';

/** Every error of this surface. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('One sentence for a person.'),
    code: z.string().describe('Stable: what a program goes by.'),
    request_id: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

export type ProblemView = z.output<typeof problemSchema>;
