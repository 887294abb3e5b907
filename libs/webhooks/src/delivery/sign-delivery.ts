import { createHmac } from 'node:crypto';
import type { Secret } from '#observability';

/** What is signed. */
export interface SignedDelivery {
  /** The public id of the event: the same in every attempt. */
  eventId: string;
  body: string;
  /** Of this attempt. */
  sentAt: Date;
}

const PREFIX = 'whsec_';

/**
 * The headers of both signatures over the raw body, with one part for each secret, the newest first:
 *
 * - Standard Webhooks (`webhook-signature`): the key is the decoded base64 behind `whsec_`;
 * - `Dravo-Signature`: the key is the whole text of the secret.
 */
export function signDelivery(
  { eventId, body, sentAt }: SignedDelivery,
  secrets: readonly Secret[],
): Record<string, string> {
  const timestamp = String(Math.floor(sentAt.getTime() / 1_000));
  const standard = secrets.map((secret) => {
    const key = Buffer.from(secret.reveal().slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${eventId}.${timestamp}.${body}`).digest('base64')}`;
  });
  const simple = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret.reveal()).update(`${timestamp}.${body}`).digest('hex')}`,
  );
  return {
    'webhook-id': eventId,
    'webhook-timestamp': timestamp,
    'webhook-signature': standard.join(' '),
    'dravo-signature': [`t=${timestamp}`, ...simple].join(','),
  };
}
