import { z } from 'zod';
import { rawText, text } from '#accounts';
import { idField } from '../http/fields.js';

const MOST_KEYS = 50;
const LONGEST_VALUE = 500;

/** Keys and values of the customer's own; null takes a key away. */
const metadata = z
  .record(
    z.string().regex(/^[\x21-\x7e]{1,64}$/, 'has a key that is not 1 to 64 visible ASCII characters'),
    rawText(LONGEST_VALUE, { lines: true }).nullable(),
  )
  .refine((given) => Object.keys(given).length <= MOST_KEYS, `must have at most ${MOST_KEYS} keys`)
  .describe('Merged into what is there: other keys stay, null takes one away.');

/** What may be changed of an account. */
export const updateAccountBody = z.strictObject({
  handle: text(255).optional().describe('Until the person connects again: then it is what the platform says.'),
  metadata: metadata.optional(),
  project_id: idField('prj').optional(),
});

export type UpdateAccountBody = z.output<typeof updateAccountBody>;

export const updateAccountExample: z.input<typeof updateAccountBody> = { metadata: { team: 'north', old_key: null } };
