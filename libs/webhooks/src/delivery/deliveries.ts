import { Inject, Injectable } from '@nestjs/common';
import { cutPage, keysetPosition, keysetTime, readPosition } from '#accounts';
import { Cursors } from '#crypto';
import { Database, newId, type Tenant, type WebhookDelivery } from '#persistence';
import { readWebhook } from '../endpoints/webhooks.js';
import { noteResults } from '../endpoints/endpoint-health.js';
import { deliveryNotFound, eventNotKept, webhookDisabled } from '../webhooks.errors.js';
import { DELIVERY_CONTEXT, type DeliveryContext, sendSigned } from './deliver.js';
import { requeue } from './requeue.js';
import { decideNext } from './retry-policy.js';

export type DeliveryStatus = WebhookDelivery['status'];

export type DeliveryRecord = Pick<
  WebhookDelivery,
  | 'id'
  | 'eventId'
  | 'eventType'
  | 'status'
  | 'statusCode'
  | 'error'
  | 'attempts'
  | 'nextRetryAt'
  | 'deliveredAt'
  | 'createdAt'
  | 'durationMs'
  | 'responseExcerpt'
>;

const COLUMNS = `
  id, event_id as "eventId", event_type as "eventType", status, status_code as "statusCode", error, attempts,
  next_retry_at as "nextRetryAt", delivered_at as "deliveredAt", created_at as "createdAt", duration_ms as "durationMs",
  response_excerpt as "responseExcerpt"`;

const PAGE = `
  select ${COLUMNS}, ${keysetTime('created_at')} as at from webhook_deliveries
  where webhook_id = $1 and ($2::text is null or status = $2) and (created_at, id) < ($3::timestamptz, $4::uuid)
  order by created_at desc, id desc limit $5`;
const FIRST = { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

const POSITION_OF_EVENT = 'select position from outbox where workspace_id = $1 and environment = $2 and id = $3';

const STORE_TEST = `
  insert into webhook_deliveries (id, workspace_id, environment, webhook_id, event_id, event_type, status, attempts,
    status_code, error, duration_ms, response_excerpt, delivered_at)
  values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, case when $7 = 'succeeded' then db_now() end)`;
/** Where a replay begins: a time, or an event. */
export type Since = { time: Date } | { eventId: string };

/** The deliveries of an endpoint, for its owner. */
@Injectable()
export class Deliveries {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    @Inject(DELIVERY_CONTEXT) private readonly context: DeliveryContext,
  ) {}

  /** The newest first. Throws webhook.not_found and cursor.invalid. */
  async list(
    tenant: Tenant,
    webhookId: string,
    { status, limit, cursor }: { status?: DeliveryStatus | undefined; limit: number; cursor?: string | undefined },
  ): Promise<{ items: DeliveryRecord[]; nextCursor: string | null }> {
    const { pool } = this.database;
    await readWebhook(pool, tenant, webhookId);
    const scope = ['webhook_deliveries', webhookId, status ?? null];
    const before = readPosition(this.cursors, keysetPosition, { scope, cursor }) ?? FIRST;
    const values = [webhookId, status ?? null, before.at, before.id, limit + 1];
    const { rows } = await pool.query<DeliveryRecord & { at: string }>(PAGE, values);
    const { items, last } = cutPage(rows, limit);
    return { items, nextCursor: last ? this.cursors.write(scope, { at: last.at, id: last.id }) : null };
  }

  /** Sends one event once more. Throws webhook.not_found, webhook.disabled, delivery.not_found and event.gone. */
  async replay(tenant: Tenant, webhookId: string, deliveryId: string): Promise<number> {
    await this.requireEnabled(tenant, webhookId);
    const { rows } = await this.database.pool.query<{ isKept: boolean }>(
      `select exists (select from outbox where outbox.id = event_id) as "isKept"
       from webhook_deliveries where webhook_id = $1 and id = $2`,
      [webhookId, deliveryId],
    );
    if (!rows[0]) throw deliveryNotFound();
    if (!rows[0].isKept) throw eventNotKept();
    return requeue(this.database.pool, webhookId, { deliveryId });
  }

  /** Sends the events of a range once more. Throws webhook.not_found, webhook.disabled and event.gone. */
  async replayRange(
    tenant: Tenant,
    webhookId: string,
    {
      since,
      until,
      status,
    }: { since: Since; until?: Date | undefined; status?: 'succeeded' | 'exhausted' | undefined },
  ): Promise<number> {
    await this.requireEnabled(tenant, webhookId);
    if ('time' in since) return requeue(this.database.pool, webhookId, { since: since.time, until, status });
    const owner = [tenant.workspaceId, tenant.environment, since.eventId];
    const { rows } = await this.database.pool.query<{ position: string }>(POSITION_OF_EVENT, owner);
    if (!rows[0]) throw eventNotKept();
    return requeue(this.database.pool, webhookId, { position: rows[0].position, until, status });
  }

  /** Sends a test.ping now. A success resumes a paused endpoint. Throws webhook.not_found and webhook.disabled. */
  async sendTest(
    tenant: Tenant,
    webhookId: string,
  ): Promise<Pick<DeliveryRecord, 'id' | 'eventType' | 'statusCode' | 'error' | 'attempts'>> {
    const { pool } = this.database;
    const webhook = await this.requireEnabled(tenant, webhookId);
    const event = {
      ...{ id: newId(), type: 'test.ping', createdAt: new Date(), environment: webhook.environment },
      ...{ accountId: null, sequence: null, data: {} },
    };
    const sent = await sendSigned(this.context, { receiver: webhook, event });
    const { statusCode, error, durationMs, responseExcerpt } = sent.facts;
    const isSuccess =
      sent.kind === 'sent' && decideNext(sent.outcome, { ...this.context, attempts: 0 }).kind === 'succeeded';
    const id = newId();
    await pool.query(STORE_TEST, [
      ...[id, webhook.workspaceId, webhook.environment, webhookId, event.id, event.type],
      ...[isSuccess ? 'succeeded' : 'exhausted', statusCode, error, durationMs, responseExcerpt],
    ]);
    if (isSuccess) await noteResults(pool, [{ endpoint: webhook, kind: 'succeeded' }], this.context.scale);
    return { id, eventType: event.type, statusCode, error, attempts: 1 };
  }

  private async requireEnabled(tenant: Tenant, webhookId: string): ReturnType<typeof readWebhook> {
    const webhook = await readWebhook(this.database.pool, tenant, webhookId);
    if (webhook.status === 'disabled') throw webhookDisabled();
    return webhook;
  }
}
