import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { z } from 'zod';
import { rawText, text } from '#accounts';
import type { Secret } from '#observability';
import { EVENT_TYPES } from '#persistence';
import type { WebhookRecord } from '#webhooks';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import {
  idField,
  idInPath,
  idOf,
  isoTime,
  listOf,
  provider,
  publicId,
  PublicIdPipe,
  time,
  urlText,
} from '../http/fields.js';

const EVERY = '*';
const NAMES = [EVERY, ...EVENT_TYPES] as const;
const eventName = z.enum(NAMES, { error: `must be * or one of ${EVENT_TYPES.join(', ')}` });

const accountFilter = z
  .object({ provider: z.string().optional(), project_id: idOf('prj').optional() })
  .describe('Only the events of matching accounts are sent.');

export const webhookSchema = z
  .object({
    id: idOf('wh'),
    url: z.string(),
    events: z.array(z.enum(NAMES)).describe('* is every event except account.refreshed.'),
    description: z.string().nullable(),
    account_filter: accountFilter.nullable(),
    status: z
      .enum(['active', 'paused', 'disabled'])
      .describe('paused: it failed 20 times in a row and gets one delivery at a time until one succeeds.'),
    paused_reason: z.enum(['failures', 'gone', 'paused_too_long', 'by_request']).nullable(),
    last_success_at: time.nullable(),
    last_failure_at: time.nullable(),
    consecutive_failures: z.int().min(0),
    created_at: time,
  })
  .meta({ id: 'Webhook' });
export type WebhookView = z.output<typeof webhookSchema>;

const signingSecret = z.string().describe('Shown this once.');

/** The one response that contains the first secret. */
export const newWebhookSchema = webhookSchema.extend({ signing_secret: signingSecret }).meta({ id: 'NewWebhook' });
export type NewWebhookView = z.output<typeof newWebhookSchema>;

export const rotatedSecretSchema = z
  .object({ id: idOf('wh'), signing_secret: signingSecret, previous_secret_expires_at: time })
  .meta({ id: 'RotatedSigningSecret' });
export type RotatedSecretView = z.output<typeof rotatedSecretSchema>;

export const webhookExample: WebhookView = {
  id: 'wh_01h455vb4pex5vsknk084sn030',
  url: 'https://app.example.com/evergrant-events',
  events: ['*'],
  description: 'Our backend',
  account_filter: null,
  status: 'active',
  paused_reason: null,
  last_success_at: '2026-11-30T09:12:45Z',
  last_failure_at: null,
  consecutive_failures: 0,
  created_at: '2026-11-30T09:00:00Z',
};
export const newWebhookExample: NewWebhookView = {
  ...webhookExample,
  last_success_at: null,
  signing_secret: 'whsec_…',
};
export const rotatedSecretExample: RotatedSecretView = {
  id: webhookExample.id,
  signing_secret: 'whsec_…',
  previous_secret_expires_at: '2026-12-01T09:12:45Z',
};

export const webhookView = (webhook: WebhookRecord): WebhookView => ({
  id: publicId('wh', webhook.id),
  url: webhook.url,
  events: webhook.events as WebhookView['events'],
  description: webhook.description,
  account_filter: filterView(webhook),
  status: webhook.status,
  paused_reason: webhook.pausedReason as WebhookView['paused_reason'],
  last_success_at: isoTime(webhook.lastSuccessAt),
  last_failure_at: isoTime(webhook.lastFailureAt),
  consecutive_failures: webhook.consecutiveFailures,
  created_at: isoTime(webhook.createdAt),
});

function filterView({ filterProvider, filterProjectId }: WebhookRecord): WebhookView['account_filter'] {
  if (filterProvider === null && filterProjectId === null) return null;
  return {
    ...(filterProvider !== null && { provider: filterProvider }),
    ...(filterProjectId !== null && { project_id: publicId('prj', filterProjectId) }),
  };
}

export const newWebhookView = (webhook: WebhookRecord, secret: Secret): NewWebhookView => ({
  ...webhookView(webhook),
  signing_secret: secret.reveal(),
});

const url = urlText.describe(
  'An https URL at a public address, without user name, password and fragment. In the environment test also http.',
);
const events = listOf(eventName, { least: 1, most: NAMES.length })
  .transform((names) => [...new Set(names)])
  .describe('Names of events, or ["*"]: every event except account.refreshed, which must be named.');
const filter = z.strictObject({ provider: provider.optional(), project_id: idField('prj').optional() });

export const createWebhookBody = z.strictObject({
  url,
  events,
  description: text(500).nullish(),
  account_filter: filter.nullish(),
});
export type CreateWebhookBody = z.output<typeof createWebhookBody>;

export const updateWebhookBody = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  description: text(500).nullish(),
  account_filter: filter.nullish().describe('null: the events of all accounts.'),
  status: z.enum(['active', 'disabled'], { error: 'must be active or disabled' }).optional(),
});
export type UpdateWebhookBody = z.output<typeof updateWebhookBody>;

export const createWebhookExample: z.input<typeof createWebhookBody> = {
  url: 'http://127.0.0.1:4000/evergrant-events',
  events: ['*'],
  description: 'Our backend',
  account_filter: { provider: EXAMPLE_PROVIDER },
};
export const updateWebhookExample: z.input<typeof updateWebhookBody> = {
  url: 'http://127.0.0.1:4000/evergrant-events',
  events: ['account.connected'],
};

export const DescribeWebhookId = (): MethodDecorator =>
  ApiParam({ name: 'id', schema: idInPath('wh', webhookExample.id) });
export const WebhookId = (): ParameterDecorator => Param('id', new PublicIdPipe('wh', 'webhook.not_found', 'webhook'));

/** An event's id, or a time. */
export const sinceText = rawText(100);
