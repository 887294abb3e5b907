import { z } from 'zod';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { idOf, time } from '../http/fields.js';
import { candidateExamples, candidateSchema } from './candidate.schema.js';

/** How far an attempt has come. */
export const attemptSchema = z
  .object({
    state: z.string(),
    status: z.enum(['pending', 'selection_required', 'confirmation_required', 'completed', 'failed']),
    account_ids: z.array(idOf('acc')),
    candidates: z.array(candidateSchema).nullable().describe('What can be selected, where the attempt waits for that.'),
    error: z.string().nullable().describe('The reason of a failed one, as in oauth_error.'),
    provider: z.string(),
    expires_at: time,
  })
  .meta({ id: 'Attempt' });

export type AttemptView = z.output<typeof attemptSchema>;

export const attemptExample: AttemptView = {
  state: 'Yw2rJv0eJ1cS6mG0nQ4kqk2m3mQk2m0wq3Q2Vb1h8s0.pUq1T6S3r1b0Vx2m9yQ4J8c7e5d3Fz1a0B9w2R6k4Hs',
  status: 'completed',
  account_ids: ['acc_01h455vb4pex5vsknk084sn02q'],
  candidates: null,
  error: null,
  provider: EXAMPLE_PROVIDER,
  expires_at: '2026-12-01T12:10:00Z',
};

/** One that waits for a choice. */
export const selectableAttemptExample: AttemptView = {
  ...attemptExample,
  status: 'selection_required',
  account_ids: [],
  candidates: candidateExamples,
};
