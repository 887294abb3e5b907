import type { Environment, Tenant } from '#persistence';

export type WebhookStatus = 'active' | 'paused' | 'disabled';

/** An endpoint without its secrets. */
export interface WebhookRecord extends Tenant {
  id: string;
  environment: Environment;
  url: string;
  description: string | null;
  /** Types of events, or `*`: all but those that must be named. */
  events: string[];
  filterProvider: string | null;
  filterProjectId: string | null;
  status: WebhookStatus;
  pausedReason: string | null;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
  consecutiveFailures: number;
  createdAt: Date;
}

export const WEBHOOK_COLUMNS = `
  webhooks.id, webhooks.workspace_id as "workspaceId", webhooks.environment, webhooks.url, webhooks.description, webhooks.events,
  webhooks.filter_provider as "filterProvider", webhooks.filter_project_id as "filterProjectId", webhooks.status,
  webhooks.paused_reason as "pausedReason", webhooks.last_success_at as "lastSuccessAt", webhooks.last_failure_at as "lastFailureAt",
  webhooks.consecutive_failures as "consecutiveFailures", webhooks.created_at as "createdAt"`;
