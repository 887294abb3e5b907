import type { Pool } from 'pg';
import type { Secret } from '#observability';
import type { OutboundClient, OutboundOutcome } from '#outbound';
import { publicId, type Tenant, type Tx } from '#persistence';
import type { Vault } from '#tokens';
import { disable, noteFailure, noteSuccess } from '../endpoints/endpoint-health.js';
import { eventBody, type DeliveredEvent } from './event-body.js';
import { type AttemptFacts, type ClaimedDelivery, storeExhausted, storeFailure, storeSuccess } from './lanes.js';
import { errorOf, decideNext, type Random } from './retry-policy.js';
import { signDelivery } from './sign-delivery.js';

/** What deliveries need. */
export interface DeliveryContext {
  pool: Pool;
  vault: Pick<Vault, 'openWebhookSecrets'>;
  outbound: Pick<OutboundClient, 'send'>;
  /** Of all waits; 1 in production. */
  scale: number;
  random: Random;
}

const KEPT_BYTES = 1_024;
const USER_AGENT = 'Evergrant-Webhooks/1';

/** The endpoint of a request. */
export interface Receiver extends Tenant {
  id: string;
  url: string;
  hasPreviousSecret: boolean;
}

/** Sends one event, signed. `lastSequence`: of the event of this account that the endpoint received before. */
export async function sendEvent(
  { outbound }: Pick<DeliveryContext, 'outbound'>,
  { receiver, event, secrets }: { receiver: Receiver; event: DeliveredEvent; secrets: Secret[] },
  lastSequence: string | null = null,
): Promise<OutboundOutcome> {
  const body = eventBody(event);
  // Receivers compare it with their own clocks, so it is the time of this machine.
  const signature = signDelivery({ eventId: publicId('evt', event.id), body, sentAt: new Date() }, secrets);
  return outbound.send(
    {
      url: receiver.url,
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', 'user-agent': USER_AGENT },
        ...signature,
        ...(lastSequence !== null && { 'evergrant-previous-sequence': lastSequence }),
      },
      body,
      keepBytes: KEPT_BYTES,
    },
    { allowHttp: receiver.environment === 'test' },
  );
}

/** The secrets that sign, the newest first. */
export async function secretsOf(
  { vault }: Pick<DeliveryContext, 'vault'>,
  tx: Tx,
  receiver: Receiver,
): Promise<Secret[]> {
  const opened = await vault.openWebhookSecrets(tx, receiver);
  if (!opened) return [];
  return receiver.hasPreviousSecret && opened.previous ? [opened.secret, opened.previous] : [opened.secret];
}

export const factsOf = (outcome: OutboundOutcome): AttemptFacts => ({
  statusCode: outcome.kind === 'answered' ? outcome.status : null,
  error: errorOf(outcome),
  durationMs: Math.round(outcome.durationMs),
  responseExcerpt: outcome.kind === 'answered' ? outcome.excerpt : null,
});

const NOT_SENT: AttemptFacts = { statusCode: null, error: 'event_gone', durationMs: 0, responseExcerpt: null };

/** Makes one attempt of a claimed delivery, and stores what it has shown. Returns the outcome in one word. */
export async function deliver(context: DeliveryContext, delivery: ClaimedDelivery): Promise<string> {
  const { pool } = context;
  const { event } = delivery;
  if (!event) {
    await storeExhausted(pool, delivery, NOT_SENT);
    return 'event_gone';
  }
  const receiver: Receiver = { ...delivery, id: delivery.webhookId };
  const secrets = await secretsOf(context, pool, receiver);
  const outcome = await sendEvent(context, { receiver, event, secrets }, delivery.lastSequence);
  return store(context, delivery, outcome);
}

async function store(context: DeliveryContext, delivery: ClaimedDelivery, outcome: OutboundOutcome): Promise<string> {
  const { pool, scale, random } = context;
  const endpoint = { ...delivery, id: delivery.webhookId };
  const facts = factsOf(outcome);
  const decision = decideNext(outcome, { attempts: delivery.attempts, scale, random });
  if (decision.kind === 'succeeded') {
    await storeSuccess(pool, delivery, facts);
    await noteSuccess(pool, endpoint);
    return 'succeeded';
  }
  if (decision.kind === 'gone') {
    await storeExhausted(pool, delivery, facts);
    await disable(pool, endpoint, 'gone');
    return 'gone';
  }
  // A trial of a paused endpoint uses up no retry.
  if (delivery.isPaused) await storeFailure(pool, delivery, facts, { wait: decision.wait ?? 0, counts: false });
  else if (decision.wait === null) await storeExhausted(pool, delivery, facts);
  else await storeFailure(pool, delivery, facts, { wait: decision.wait, counts: true });
  await noteFailure(pool, endpoint, scale);
  return 'failed';
}
