import { z } from 'zod';
import type { AccountEventRecord } from '#accounts';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { cursor, idOf, isoTime, limit, publicId, time } from '../http/fields.js';

export const listEventsQuery = z.strictObject({ limit, cursor: cursor.optional() });
export type ListEventsQuery = z.output<typeof listEventsQuery>;

/** An event; lists and deliveries have the same members. */
export const accountEventSchema = z
  .object({
    id: idOf('evt'),
    type: z.string(),
    created_at: time,
    environment: z.enum(['live', 'test']),
    account_id: idOf('acc'),
    sequence: z.int().describe('Grows by one with each event of the account.'),
    data: z.record(z.string(), z.unknown()),
    event_type: z.string().describe('The same as type.'),
    timestamp: time.describe('The same as created_at.'),
  })
  .meta({ id: 'AccountEvent' });

export type AccountEventView = z.output<typeof accountEventSchema>;

export const accountEventPageSchema = z
  .object({ items: z.array(accountEventSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'AccountEventPage' });

export type AccountEventPageView = z.output<typeof accountEventPageSchema>;

export const accountEventPageExample: AccountEventPageView = {
  items: [
    {
      id: 'evt_01h455vb4pex5vsknk084sn02t',
      type: 'account.connected',
      created_at: '2026-11-30T09:12:44Z',
      environment: 'test',
      account_id: 'acc_01h455vb4pex5vsknk084sn02q',
      sequence: 1,
      data: { provider: EXAMPLE_PROVIDER, user_ref: 'user-42' },
      event_type: 'account.connected',
      timestamp: '2026-11-30T09:12:44Z',
    },
  ],
  next_cursor: null,
};

export const accountEventView = (event: AccountEventRecord): AccountEventView => ({
  id: publicId('evt', event.id),
  type: event.type,
  created_at: isoTime(event.createdAt),
  environment: event.environment,
  account_id: publicId('acc', event.accountId),
  sequence: event.sequence,
  data: event.data,
  event_type: event.type,
  timestamp: isoTime(event.createdAt),
});
