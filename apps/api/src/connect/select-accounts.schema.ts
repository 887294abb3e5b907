import { z } from 'zod';
import { rawText } from '#accounts';
import { listOf } from '../http/fields.js';
import { candidateExamples } from './candidate.schema.js';

/** The choice among the candidates of an attempt. The use case decides whether each may be chosen. */
export const selectAccountsBody = z.strictObject({
  platform_account_ids: listOf(rawText(255, { shortest: 1 }), { least: 1, most: 1_000 }),
});

export type SelectAccountsBody = z.output<typeof selectAccountsBody>;

export const selectAccountsExample: z.input<typeof selectAccountsBody> = {
  platform_account_ids: candidateExamples
    .filter(({ eligible }) => eligible)
    .map(({ platform_account_id }) => platform_account_id),
};
