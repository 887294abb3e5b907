import { createHmac } from 'node:crypto';
import { type PushReceiver, randomText, type SandboxPush, stableNumber } from '../sandbox/index.js';

const sealed = ({ secret }: PushReceiver, text: string): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('base64')}`;

/** The Activity API's `oauth.revoke`, and the challenge that comes before a URL is taken (docs.x.com/x-api/webhooks/quickstart). */
export const xSandboxPush: SandboxPush = {
  message({ kind, clientId, persona, at }, receiver) {
    if (kind !== 'revoked') return undefined;
    const payload = {
      date_time: new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00'),
      user_id: persona.number,
      app_id: stableNumber(8, 'x', clientId),
    };
    const body = JSON.stringify({
      data: {
        event_uuid: stableNumber(19, clientId, persona.number, String(at)),
        filter: {},
        event_type: 'oauth.revoke',
        payload,
      },
    });
    const headers = { 'content-type': 'application/json', 'x-twitter-webhooks-signature': sealed(receiver, body) };
    return { url: receiver.url, headers, body };
  },
  challenge(receiver) {
    const url = new URL(receiver.url);
    const token = randomText();
    url.searchParams.set('crc_token', token);
    const proof = sealed(receiver, token);
    return {
      url: url.href,
      isProof(answer) {
        const { response_token: given } = Object(answer) as { response_token?: unknown };
        return given === proof;
      },
    };
  },
};
