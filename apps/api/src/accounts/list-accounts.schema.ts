import { z } from 'zod';
import { CONNECTION_TYPES } from '#persistence';
import { cursor, health, idField, limit, provider } from '../http/fields.js';
import { accountExample, accountSchema } from './account.schema.js';

/** `platform` is another word for `provider`; both at once must agree. */
export const listAccountsQuery = z
  .object({
    provider: provider.optional(),
    platform: provider.optional().describe('Another word for provider.'),
    health: health.optional(),
    connection_type: z.enum(CONNECTION_TYPES, { error: `must be one of ${CONNECTION_TYPES.join(', ')}` }).optional(),
    project_id: idField('prj').optional(),
    q: z
      .string()
      .min(1, 'must be 1 to 100 characters')
      .max(100, 'must be 1 to 100 characters')
      .optional()
      .describe('Part of the handle, the display name or a metadata value, in any case.'),
    limit,
    cursor: cursor.optional(),
  })
  .refine((query) => !query.provider || !query.platform || query.provider === query.platform, {
    path: ['platform'],
    message: 'must be the same as provider',
  });

export type ListAccountsQuery = z.output<typeof listAccountsQuery>;

export const accountPageSchema = z
  .object({
    items: z.array(accountSchema),
    next_cursor: z.string().nullable(),
    total: z.int().describe('What the filters match; on later pages it may be the first page\'s.'),
    total_capped: z.literal(true).optional().describe('With q the count stops at 10,000.'),
  })
  .meta({ id: 'AccountPage' });

export type AccountPageView = z.output<typeof accountPageSchema>;

export const accountPageExample: AccountPageView = { items: [accountExample], next_cursor: null, total: 1 };
