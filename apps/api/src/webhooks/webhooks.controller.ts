import { Body, Controller, Delete, Get, HttpCode, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Webhooks } from '#webhooks';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { isoTime, publicId } from '../http/fields.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import {
  createWebhookBody,
  type CreateWebhookBody,
  createWebhookExample,
  DescribeWebhookId,
  newWebhookExample,
  newWebhookSchema,
  newWebhookView,
  type NewWebhookView,
  rotatedSecretExample,
  rotatedSecretSchema,
  type RotatedSecretView,
  updateWebhookBody,
  type UpdateWebhookBody,
  updateWebhookExample,
  webhookExample,
  WebhookId,
  webhookSchema,
  webhookView,
  type WebhookView,
} from './webhook.schema.js';

@ApiTags('Webhooks')
@Controller('/v1/webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: Webhooks) {}

  @Post()
  @Idempotent({ holdsSecret: true })
  @Scopes('webhooks:write')
  @Describe({
    summary: 'Make a webhook; its signing secret is shown this once',
    description: 'Events that are recorded from now on are sent to its URL, those of one account in their order.',
    body: createWebhookExample,
    answers: { status: 201, description: 'The webhook.', schema: newWebhookSchema, example: newWebhookExample },
    problems: [
      'webhook.url_refused',
      'webhook.limit_reached',
      'project.not_found',
      ...IDEMPOTENCY_PROBLEMS,
      'idempotency.secret_shown_once',
    ],
  })
  async create(
    @CurrentCaller() { tenant }: Caller,
    @Body({ schema: createWebhookBody }) { url, events, description, account_filter: filter }: CreateWebhookBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<NewWebhookView> {
    const input = {
      ...{ url, events, description: description ?? null },
      ...{ filterProvider: filter?.provider ?? null, filterProjectId: filter?.project_id ?? null },
    };
    const { webhook, secret } = await this.webhooks.create(tenant, input, (tx) => keepAnswer(tx, null));
    return newWebhookView(webhook, secret);
  }

  @Get()
  @Scopes('webhooks:write')
  @Describe({
    summary: 'List the webhooks of this environment',
    answers: { status: 200, description: 'All of them.', schema: z.array(webhookSchema), example: [webhookExample] },
    problems: [],
  })
  async list(@CurrentCaller() { tenant }: Caller): Promise<WebhookView[]> {
    return (await this.webhooks.list(tenant)).map(webhookView);
  }

  @Get('/:id')
  @DescribeWebhookId()
  @Scopes('webhooks:write')
  @Describe({
    summary: 'Read a webhook',
    answers: { status: 200, description: 'The webhook.', schema: webhookSchema, example: webhookExample },
    problems: ['webhook.not_found'],
  })
  async get(@CurrentCaller() { tenant }: Caller, @WebhookId() id: string): Promise<WebhookView> {
    return webhookView(await this.webhooks.get(tenant, id));
  }

  @Patch('/:id')
  @DescribeWebhookId()
  @Scopes('webhooks:write')
  @Describe({
    summary: 'Change a webhook, or set its status',
    description:
      'status "active" sends what waits at once, also after a pause; "disabled" gives up what waits, and nothing is sent until it is active again.',
    body: updateWebhookExample,
    answers: { status: 200, description: 'The webhook.', schema: webhookSchema, example: webhookExample },
    problems: ['webhook.not_found', 'webhook.url_refused', 'project.not_found', 'validation.failed'],
  })
  async update(
    @CurrentCaller() { tenant }: Caller,
    @WebhookId() id: string,
    @Body({ schema: updateWebhookBody }) { account_filter: filter, ...body }: UpdateWebhookBody,
  ): Promise<WebhookView> {
    const change = {
      ...body,
      ...(filter !== undefined && {
        filterProvider: filter?.provider ?? null,
        filterProjectId: filter?.project_id ?? null,
      }),
    };
    return webhookView(await this.webhooks.update(tenant, id, change));
  }

  @Delete('/:id')
  @DescribeWebhookId()
  @HttpCode(204)
  @Scopes('webhooks:write')
  @Describe({
    summary: 'Delete a webhook; nothing that waits for it is sent',
    answers: { status: 204, description: 'Deleted.' },
    problems: ['webhook.not_found'],
  })
  async delete(@CurrentCaller() { tenant }: Caller, @WebhookId() id: string): Promise<void> {
    await this.webhooks.remove(tenant, id);
  }

  @Post('/:id/rotate-secret')
  @DescribeWebhookId()
  @HttpCode(200)
  @Idempotent({ holdsSecret: true })
  @Scopes('webhooks:write')
  @Describe({
    summary: 'Replace the signing secret; it is shown this once',
    description: 'Both secrets sign for 24 hours, the new one first. Another rotation meanwhile ends the oldest one.',
    answers: {
      status: 200,
      description: 'The new secret.',
      schema: rotatedSecretSchema,
      example: rotatedSecretExample,
    },
    problems: ['webhook.not_found', ...IDEMPOTENCY_PROBLEMS, 'idempotency.secret_shown_once'],
  })
  async rotateSecret(
    @CurrentCaller() { tenant }: Caller,
    @WebhookId() id: string,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<RotatedSecretView> {
    const { secret, previousUntil } = await this.webhooks.rotateSecret(tenant, id, (tx) => keepAnswer(tx, null));
    return {
      id: publicId('wh', id),
      signing_secret: secret.reveal(),
      previous_secret_expires_at: isoTime(previousUntil),
    };
  }
}
