import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Deliveries } from '#webhooks';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { publicId } from '../http/fields.js';
import { RateClass } from '../http/rate-limit.js';
import {
  deliveryExample,
  DeliveryId,
  deliveryPageSchema,
  type DeliveryPageView,
  deliveryView,
  DescribeDeliveryId,
  listDeliveriesQuery,
  type ListDeliveriesQuery,
  queuedExample,
  queuedSchema,
  type QueuedView,
  replayBody,
  type ReplayBody,
  replayExample,
  testResultExample,
  testResultSchema,
  type TestResultView,
} from './delivery.schema.js';
import { DescribeWebhookId, WebhookId } from './webhook.schema.js';

@ApiTags('Webhooks')
@Controller('/v1/webhooks/:id')
export class DeliveriesController {
  constructor(private readonly deliveries: Deliveries) {}

  @Post('/test')
  @DescribeWebhookId()
  @HttpCode(200)
  @Scopes('webhooks:write')
  @RateClass('heavy')
  @Describe({
    summary: 'Send a test.ping to a webhook now',
    operationId: 'webhookTest',
    description: 'A success resumes a paused webhook. A failure is 200 too, with status_code or error.',
    answers: {
      status: 200,
      description: 'What came of it.',
      schema: testResultSchema,
      example: testResultExample,
    },
    problems: ['webhook.not_found', 'webhook.disabled'],
  })
  async test(@CurrentCaller() { tenant }: Caller, @WebhookId() id: string): Promise<TestResultView> {
    const sent = await this.deliveries.sendTest(tenant, id);
    return {
      id: publicId('del', sent.id),
      event_type: sent.eventType,
      status_code: sent.statusCode,
      error: sent.error,
      attempts: sent.attempts,
    };
  }

  @Get('/deliveries')
  @DescribeWebhookId()
  @Scopes('webhooks:write')
  @Describe({
    summary: 'List the deliveries of a webhook, newest first',
    operationId: 'webhookDeliveriesList',
    answers: {
      status: 200,
      description: 'A page.',
      schema: deliveryPageSchema,
      example: { items: [deliveryExample], next_cursor: null },
    },
    problems: ['webhook.not_found', 'validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @WebhookId() id: string,
    @Query({ schema: listDeliveriesQuery }) query: ListDeliveriesQuery,
  ): Promise<DeliveryPageView> {
    const { items, nextCursor } = await this.deliveries.list(tenant, id, query);
    return { items: items.map(deliveryView), next_cursor: nextCursor };
  }

  @Post('/deliveries/:deliveryId/replay')
  @DescribeWebhookId()
  @DescribeDeliveryId()
  @HttpCode(202)
  @Scopes('webhooks:write')
  @Describe({
    summary: 'Send the event of one delivery once more',
    operationId: 'webhookDeliveryReplay',
    description: 'As a new delivery with the same webhook-id. A delivery that still waits is not queued again.',
    answers: { status: 202, description: 'Queued.', schema: queuedSchema, example: { queued: 1 } },
    problems: ['webhook.not_found', 'webhook.disabled', 'delivery.not_found', 'event.gone'],
  })
  async replay(
    @CurrentCaller() { tenant }: Caller,
    @WebhookId() id: string,
    @DeliveryId() deliveryId: string,
  ): Promise<QueuedView> {
    return { queued: await this.deliveries.replay(tenant, id, deliveryId) };
  }

  @Post('/replay')
  @DescribeWebhookId()
  @HttpCode(202)
  @Scopes('webhooks:write')
  @RateClass('heavy')
  @Describe({
    summary: 'Send the events of a range once more',
    operationId: 'webhookReplay',
    description: 'Those that were delivered to this webhook before, or given up. Events are kept for 30 days.',
    body: replayExample,
    answers: { status: 202, description: 'Queued.', schema: queuedSchema, example: queuedExample },
    problems: ['webhook.not_found', 'webhook.disabled', 'validation.failed', 'event.gone'],
  })
  async replayRange(
    @CurrentCaller() { tenant }: Caller,
    @WebhookId() id: string,
    @Body({ schema: replayBody }) body: ReplayBody,
  ): Promise<QueuedView> {
    return { queued: await this.deliveries.replayRange(tenant, id, body) };
  }
}
