import type { Pool } from 'pg';
import { minutes } from '#config';
import type { Logger, Secret } from '#observability';
import type { OutboundClient, OutboundOutcome } from '#outbound';
import { publicId, type Tenant } from '#persistence';
import { reportBrokenSeal, type Vault } from '#tokens';
import { disable, noteFailure, noteSuccess } from '../endpoints/endpoint-health.js';
import { eventBody, type DeliveredEvent } from './event-body.js';
import { type AttemptFacts, type ClaimedDelivery, storeExhausted, storeFailure, storeSuccess } from './lanes.js';
import { errorOf, decideNext, type Random } from './retry-policy.js';
import { signDelivery } from './sign-delivery.js';

/** The DeliveryContext of this process. */
export const DELIVERY_CONTEXT = Symbol('DELIVERY_CONTEXT');

/** What deliveries need. */
export interface DeliveryContext {
  pool: Pool;
  logger: Logger;
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

/** A request of one event that was sent, or why there was none: an unsigned one is not sent. */
export type SignedSend =
  | { kind: 'sent'; outcome: OutboundOutcome; facts: AttemptFacts }
  /** `no_secret`: a new secret mends it. `seal_broken`: the operator of the keys has to act. */
  | { kind: 'no_secret' | 'seal_broken'; facts: AttemptFacts };

export interface SignedEvent {
  receiver: Receiver;
  event: DeliveredEvent;
  /** Of the event of this account that the endpoint received before. */
  lastSequence?: string | null;
}

/** Sends one event, signed by the secrets of its receiver. */
export async function sendSigned(context: DeliveryContext, signed: SignedEvent): Promise<SignedSend> {
  let secrets: Secret[];
  try {
    secrets = await secretsOf(context, signed.receiver);
  } catch (error) {
    await reportBrokenSeal(context, error);
    return { kind: 'seal_broken', facts: notSent('seal_broken') };
  }
  if (secrets.length === 0) return { kind: 'no_secret', facts: notSent('no_secret') };
  const outcome = await send(context, signed, secrets);
  return { kind: 'sent', outcome, facts: factsOf(outcome) };
}

/** The secrets that sign, the newest first. */
async function secretsOf({ vault, pool }: DeliveryContext, receiver: Receiver): Promise<Secret[]> {
  const opened = await vault.openWebhookSecrets(pool, receiver);
  if (!opened) return [];
  return receiver.hasPreviousSecret && opened.previous ? [opened.secret, opened.previous] : [opened.secret];
}

async function send(
  { outbound }: DeliveryContext,
  { receiver, event, lastSequence = null }: SignedEvent,
  secrets: Secret[],
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

const factsOf = (outcome: OutboundOutcome): AttemptFacts => ({
  statusCode: outcome.kind === 'answered' ? outcome.status : null,
  error: errorOf(outcome),
  durationMs: Math.round(outcome.durationMs),
  responseExcerpt: outcome.kind === 'answered' ? outcome.excerpt : null,
});

const notSent = (error: string): AttemptFacts => ({ statusCode: null, error, durationMs: 0, responseExcerpt: null });

/** An operator has to act first. */
const SEAL_WAIT = minutes(1);

/** Makes one attempt of a claimed delivery, and stores what it has shown. Returns the outcome in one word. */
export async function deliver(context: DeliveryContext, delivery: ClaimedDelivery): Promise<string> {
  const { pool, scale } = context;
  const { event, lastSequence } = delivery;
  if (!event) {
    await storeExhausted(pool, delivery, notSent('event_gone'));
    return 'event_gone';
  }
  const sent = await sendSigned(context, { receiver: { ...delivery, id: delivery.webhookId }, event, lastSequence });
  if (sent.kind === 'sent') return store(context, delivery, sent);
  if (sent.kind === 'no_secret') await storeExhausted(pool, delivery, sent.facts);
  else await storeFailure(pool, delivery, sent.facts, { wait: SEAL_WAIT * scale, counts: false });
  return sent.kind;
}

async function store(
  { pool, scale, random }: DeliveryContext,
  delivery: ClaimedDelivery,
  { outcome, facts }: Extract<SignedSend, { kind: 'sent' }>,
): Promise<string> {
  const endpoint = { ...delivery, id: delivery.webhookId };
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
  // An attempt while the endpoint is paused uses up no retry.
  if (delivery.isPaused) await storeFailure(pool, delivery, facts, { wait: decision.wait ?? 0, counts: false });
  else if (decision.wait === null) await storeExhausted(pool, delivery, facts);
  else await storeFailure(pool, delivery, facts, { wait: decision.wait, counts: true });
  await noteFailure(pool, endpoint, scale);
  return 'failed';
}
