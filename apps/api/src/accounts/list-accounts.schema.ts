import { z } from 'zod';
import { CONNECTION_TYPES } from '#persistence';
import { rawText } from '#accounts';
import { hasOneProvider, cursor, TWO_PROVIDERS, health, idField, limit, providerFilter } from '../http/fields.js';
import { accountExample, accountSchema } from './account.schema.js';

/** What a list of accounts can be narrowed by. */
export const listAccountsQuery = z
  .strictObject({
    ...providerFilter,
    health: health.optional(),
    connection_type: z.enum(CONNECTION_TYPES, { error: `must be one of ${CONNECTION_TYPES.join(', ')}` }).optional(),
    project_id: idField('prj').optional(),
    q: rawText(100, { shortest: 1 })
      .optional()
      .describe('Part of the handle, the display name or a metadata value, in any case.'),
    limit,
    cursor: cursor.optional(),
  })
  .refine(hasOneProvider, TWO_PROVIDERS);

export type ListAccountsQuery = z.output<typeof listAccountsQuery>;

export const accountPageSchema = z
  .object({
    items: z.array(accountSchema),
    next_cursor: z.string().nullable(),
    total: z.int().describe("What the filters match; on later pages it may be the first page's."),
    total_capped: z.literal(true).optional().describe('With q the count stops at 10,000.'),
  })
  .meta({ id: 'AccountPage' });

export type AccountPageView = z.output<typeof accountPageSchema>;

export const accountPageExample: AccountPageView = { items: [accountExample], next_cursor: null, total: 1 };
