import { z } from 'zod';
import { rawText } from '#accounts';
import { candidateExamples } from './candidate.schema.js';

/** The choice among the candidates of an attempt. Whether each may be chosen is judged by the use case. */
export const selectAccountsBody = z.strictObject({
  platform_account_ids: z
    .array(rawText(255, { shortest: 1 }))
    .min(1, 'must name at least one candidate')
    .max(1_000, 'must be at most 1000'),
});

export type SelectAccountsBody = z.output<typeof selectAccountsBody>;

export const selectAccountsExample: z.input<typeof selectAccountsBody> = {
  platform_account_ids: candidateExamples
    .filter(({ eligible }) => eligible)
    .map(({ platform_account_id }) => platform_account_id),
};
