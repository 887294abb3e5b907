import type { Pool } from 'pg';
import { minutes } from '#config';
import type { Logger, Secret } from '#observability';
import type { OutboundClient, OutboundOutcome } from '#outbound';
import { publicId, type Tenant } from '#persistence';
import { reportBrokenSeal, type Vault } from '#tokens';
import type { EndpointResult } from '../endpoints/endpoint-health.js';
import { eventBody, type DeliveredEvent } from './event-body.js';
import type { ClaimedDelivery } from './lanes.js';
import { errorOf, decideNext, type Random } from './retry-policy.js';
import { signDelivery } from './sign-delivery.js';
import type { AttemptFacts, AttemptResult } from './store-results.js';

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
export async function sendSigned(
  context: DeliveryContext,
  signed: SignedEvent,
  open: OpenSecrets = secretsOf(context),
): Promise<SignedSend> {
  let secrets: Secret[];
  try {
    secrets = await open(signed.receiver);
  } catch (error) {
    await reportBrokenSeal(context, error);
    return { kind: 'seal_broken', facts: notSent('seal_broken') };
  }
  if (secrets.length === 0) return { kind: 'no_secret', facts: notSent('no_secret') };
  const outcome = await send(context, signed, secrets);
  return { kind: 'sent', outcome, facts: factsOf(outcome) };
}

/** Opens the secrets of a receiver. */
export type OpenSecrets = (receiver: Receiver) => Promise<Secret[]>;

/** The secrets that sign, the newest first. */
const secretsOf =
  ({ vault, pool }: DeliveryContext): OpenSecrets =>
  async (receiver) => {
    const opened = await vault.openWebhookSecrets(pool, receiver);
    if (!opened) return [];
    return receiver.hasPreviousSecret && opened.previous ? [opened.secret, opened.previous] : [opened.secret];
  };

/** For deliveries that are claimed together: their secrets open once for each endpoint, and sign at once. */
export function secretsOfOneClaim(context: DeliveryContext): OpenSecrets {
  const open = secretsOf(context);
  const opened = new Map<string, Promise<Secret[]>>();
  return (receiver) => {
    const secrets = opened.get(receiver.id) ?? open(receiver);
    opened.set(receiver.id, secrets);
    return secrets;
  };
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

/** One attempt of a claimed delivery. */
export interface Attempted {
  result: AttemptResult;
  /** What it shows about the endpoint; null: nothing. */
  endpoint: EndpointResult['kind'] | null;
  /** In one word. */
  outcome: string;
}

/** Makes one attempt of a claimed delivery. Stores nothing. */
export async function deliver(
  context: DeliveryContext,
  delivery: ClaimedDelivery,
  open: OpenSecrets = secretsOf(context),
): Promise<Attempted> {
  const { event, lastSequence } = delivery;
  if (!event) return exhausted(delivery, 'event_gone');
  const receiver = { ...delivery, id: delivery.webhookId };
  const sent = await sendSigned(context, { receiver, event, lastSequence }, open);
  if (sent.kind === 'sent') return attemptedOf(context, delivery, sent);
  if (sent.kind === 'no_secret') return exhausted(delivery, 'no_secret');
  const postponed = { status: 'failed', wait: SEAL_WAIT * context.scale, counts: false } as const;
  return { result: { delivery, facts: sent.facts, ...postponed }, endpoint: null, outcome: 'seal_broken' };
}

const exhausted = (delivery: ClaimedDelivery, error: string): Attempted => ({
  result: { delivery, facts: notSent(error), status: 'exhausted', wait: null, counts: true },
  endpoint: null,
  outcome: error,
});

function attemptedOf(
  { scale, random }: DeliveryContext,
  delivery: ClaimedDelivery,
  { outcome, facts }: Extract<SignedSend, { kind: 'sent' }>,
): Attempted {
  const decision = decideNext(outcome, { attempts: delivery.attempts, scale, random });
  const { kind } = decision;
  const known = { delivery, facts };
  const over = { wait: null, counts: true };
  if (kind === 'succeeded') return { result: { ...known, ...over, status: kind }, endpoint: kind, outcome: kind };
  if (kind === 'gone') return { result: { ...known, ...over, status: 'exhausted' }, endpoint: kind, outcome: kind };
  const isLast = decision.wait === null && !delivery.isPaused;
  const status = isLast ? 'exhausted' : 'failed';
  // An attempt while the endpoint is paused uses up no retry.
  const wait = isLast ? null : (decision.wait ?? 0);
  return { result: { ...known, status, wait, counts: !delivery.isPaused }, endpoint: kind, outcome: kind };
}
