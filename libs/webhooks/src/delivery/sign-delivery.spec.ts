import { describe, expect, it } from '@jest/globals';
import { createHmac, randomBytes } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { Secret } from '#observability';
import { signDelivery } from './sign-delivery.js';

const newSecret = (): Secret => new Secret(`whsec_${randomBytes(24).toString('base64')}`);
const body = JSON.stringify({ type: 'account.connected', data: { name: 'Žofie', note: '\u2028' } });
const delivery = { eventId: 'evt_01h455vb4pex5vsknk084sn02t', body, sentAt: new Date() };

describe('the signature of a delivery', () => {
  const verifiers = [
    ['standardwebhooks', StandardWebhook],
    ['svix', SvixWebhook],
  ] as const;

  it.each(verifiers)('is accepted by the package %s, with the new and with the previous secret', (_name, Verifier) => {
    const [fresh, previous] = [newSecret(), newSecret()];
    const headers = signDelivery(delivery, [fresh, previous]);
    for (const secret of [fresh, previous])
      expect(new Verifier(secret.reveal()).verify(body, headers)).toEqual(JSON.parse(body));
  });

  it.each(verifiers)('is refused by the package %s with another secret, body, id or time', (_name, Verifier) => {
    const secret = newSecret();
    const headers = signDelivery(delivery, [secret]);
    const verify =
      (changed: Record<string, string>, text = body, by = secret) =>
      () =>
        new Verifier(by.reveal()).verify(text, { ...headers, ...changed });
    expect(verify({})).not.toThrow();
    expect(verify({}, body, newSecret())).toThrow();
    expect(verify({}, `${body} `)).toThrow();
    expect(verify({ 'webhook-id': 'evt_01h455vb4pex5vsknk084sn02v' })).toThrow();
    expect(verify({ 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) })).toThrow();
  });

  it('has the form of the model client, too: the time and one part for each secret, the newest first', () => {
    const secrets = [newSecret(), newSecret()];
    const header = signDelivery(delivery, secrets)['dravo-signature']!;
    const time = Math.floor(delivery.sentAt.getTime() / 1_000);
    const parts = secrets.map((secret) =>
      createHmac('sha256', secret.reveal()).update(`${time}.${body}`).digest('hex'),
    );
    expect(header).toBe(`t=${time},v1=${parts[0]},v1=${parts[1]}`);
  });
});
