import { type Environment, publicId } from '#persistence';

/** An event as the outbox has it. */
export interface DeliveredEvent {
  id: string;
  type: string;
  createdAt: Date;
  environment: Environment;
  accountId: string | null;
  sequence: string | null;
  data: Record<string, unknown>;
}

/** The body of a delivery: the same for every endpoint and attempt, and the same as in `GET /v1/events`. */
export function eventBody(event: DeliveredEvent): string {
  const createdAt = event.createdAt.toISOString().replace(/\.\d{3}Z$/, 'Z');
  return JSON.stringify({
    id: publicId('evt', event.id),
    type: event.type,
    created_at: createdAt,
    environment: event.environment,
    account_id: event.accountId === null ? null : publicId('acc', event.accountId),
    sequence: event.sequence === null ? null : Number(event.sequence),
    data: event.data,
    event_type: event.type,
    timestamp: createdAt,
  });
}
