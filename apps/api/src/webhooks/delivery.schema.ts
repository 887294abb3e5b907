import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import type { DeliveryRecord } from '#webhooks';
import {
  cursor,
  idInPath,
  idOf,
  isoTime,
  limit,
  publicId,
  PublicIdPipe,
  time,
  timeText,
  uuidOf,
} from '../http/fields.js';
import { sinceText } from './webhook.schema.js';

const STATUSES = ['pending', 'delivering', 'succeeded', 'failed', 'exhausted'] as const;

const statusCode = z.int().nullable().describe('Of the last attempt; null: there was no answer.');
const error = z
  .string()
  .nullable()
  .describe(
    'Why there was no answer: timeout, dns, connect, tls, reset, malformed_answer, url_…, event_gone, no_secret or seal_broken.',
  );
const attempts = z.int().min(0);

const deliverySchema = z
  .object({
    id: idOf('del'),
    event_id: idOf('evt'),
    event_type: z.string(),
    status: z
      .enum(STATUSES)
      .describe('failed: it is retried at next_retry_at. exhausted: no retry is left, and the next event is sent.'),
    status_code: statusCode,
    error,
    attempts,
    next_retry_at: time.nullable(),
    delivered_at: time.nullable(),
    created_at: time,
    duration_ms: z.int().nullable(),
    response_excerpt: z.string().nullable().describe('The first 1,024 bytes of the answer.'),
  })
  .meta({ id: 'WebhookDelivery' });
export type DeliveryView = z.output<typeof deliverySchema>;

export const deliveryPageSchema = z
  .object({ items: z.array(deliverySchema), next_cursor: z.string().nullable() })
  .meta({ id: 'WebhookDeliveryPage' });
export type DeliveryPageView = z.output<typeof deliveryPageSchema>;

export const testResultSchema = z
  .object({ id: idOf('del'), event_type: z.string(), status_code: statusCode, error, attempts })
  .meta({ id: 'WebhookTestResult' });
export type TestResultView = z.output<typeof testResultSchema>;

export const queuedSchema = z.object({ queued: z.int().min(0) }).meta({ id: 'QueuedDeliveries' });
export type QueuedView = z.output<typeof queuedSchema>;

export const deliveryExample: DeliveryView = {
  id: 'del_01h455vb4pex5vsknk084sn031',
  event_id: 'evt_01h455vb4pex5vsknk084sn02t',
  event_type: 'account.connected',
  status: 'succeeded',
  status_code: 200,
  error: null,
  attempts: 1,
  next_retry_at: null,
  delivered_at: '2026-11-30T09:12:45Z',
  created_at: '2026-11-30T09:12:44Z',
  duration_ms: 38,
  response_excerpt: 'ok',
};
export const testResultExample: TestResultView = {
  id: deliveryExample.id,
  event_type: 'test.ping',
  status_code: 200,
  error: null,
  attempts: 1,
};
export const queuedExample: QueuedView = { queued: 12 };

export const deliveryView = (delivery: DeliveryRecord): DeliveryView => ({
  id: publicId('del', delivery.id),
  event_id: publicId('evt', delivery.eventId),
  event_type: delivery.eventType,
  status: delivery.status,
  status_code: delivery.statusCode,
  error: delivery.error,
  attempts: delivery.attempts,
  next_retry_at: isoTime(delivery.nextRetryAt),
  delivered_at: isoTime(delivery.deliveredAt),
  created_at: isoTime(delivery.createdAt),
  duration_ms: delivery.durationMs,
  response_excerpt: delivery.responseExcerpt,
});

export const listDeliveriesQuery = z.strictObject({
  status: z.enum(STATUSES, { error: `must be one of ${STATUSES.join(', ')}` }).optional(),
  limit,
  cursor: cursor.optional(),
});
export type ListDeliveriesQuery = z.output<typeof listDeliveriesQuery>;

const since = sinceText
  .transform((given, context) => {
    const eventId = uuidOf('evt', given);
    if (eventId !== undefined) return { eventId };
    const time = timeText.safeParse(given);
    if (time.success) return { time: time.data };
    context.addIssue({ code: 'custom', message: 'must be the id of an event, or a time in ISO 8601 with a zone' });
    return z.NEVER;
  })
  .describe('A time, or the id of an event: that event and the later ones.');

export const replayBody = z
  .strictObject({
    since,
    until: timeText.optional(),
    status: z.enum(['succeeded', 'exhausted'], { error: 'must be succeeded or exhausted' }).optional(),
  })
  .refine(({ since, until }) => !until || since.time === undefined || since.time < until, {
    path: ['until'],
    message: 'must be later than since',
  });
export type ReplayBody = z.output<typeof replayBody>;
export const replayExample: z.input<typeof replayBody> = { since: '2026-11-30T00:00:00Z', status: 'exhausted' };

export const DescribeDeliveryId = (): MethodDecorator =>
  ApiParam({ name: 'deliveryId', schema: idInPath('del', deliveryExample.id) });
export const DeliveryId = (): ParameterDecorator =>
  Param('deliveryId', new PublicIdPipe('del', 'delivery.not_found', 'delivery'));
