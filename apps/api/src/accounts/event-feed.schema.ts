import { z } from 'zod';
import { type EventRecord, rawText } from '#accounts';
import { EVENT_TYPES } from '#persistence';
import { idField, isoTime, limit, publicId } from '../http/fields.js';
import { accountEventPageExample, accountEventSchema } from './account-event.schema.js';

const eventType = z.enum(EVENT_TYPES, { error: `must be a comma-separated list of ${EVENT_TYPES.join(', ')}` });

export const readFeedQuery = z.strictObject({
  after: idField('evt')
    .optional()
    .describe('The id of the last event that you have; without it, the oldest comes first.'),
  types: rawText(1_000)
    .transform((list) => list.split(','))
    .pipe(z.array(eventType))
    .optional()
    .describe('A comma-separated list. Without it: every type except account.refreshed.')
    .meta({ example: 'account.connected,connection.revoked' }),
  account_id: idField('acc').optional(),
  limit,
});
export type ReadFeedQuery = z.output<typeof readFeedQuery>;

const eventSchema = accountEventSchema
  .extend({
    account_id: accountEventSchema.shape.account_id.nullable().describe('null: the event concerns no account.'),
    sequence: accountEventSchema.shape.sequence.nullable().describe('null without an account.'),
  })
  .meta({ id: 'Event' });
export type EventView = z.output<typeof eventSchema>;

export const eventPageSchema = z
  .object({
    items: z.array(eventSchema),
    next_cursor: z
      .string()
      .nullable()
      .describe('The id of the last event, to be passed as after; null when there is nothing newer.'),
  })
  .meta({ id: 'EventPage' });
export type EventPageView = z.output<typeof eventPageSchema>;

export const eventPageExample: EventPageView = accountEventPageExample;

export const eventView = (event: EventRecord): EventView => ({
  id: publicId('evt', event.id),
  type: event.type,
  created_at: isoTime(event.createdAt),
  environment: event.environment,
  account_id: event.accountId === null ? null : publicId('acc', event.accountId),
  sequence: event.sequence,
  data: event.data,
  event_type: event.type,
  timestamp: isoTime(event.createdAt),
});
