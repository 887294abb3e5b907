import { createHmac } from 'node:crypto';
import type { Persona, SandboxPush } from '../sandbox/index.js';

const USER_DISCONNECTED = 1;

/** `authorization.removed` (developers.tiktok.com/doc/webhooks-events), signed with the time it is sent at. */
export const tiktokSandboxPush = (openId: (clientId: string, persona: Persona) => string): SandboxPush => ({
  message({ kind, clientId, persona, at }, { url, secret }) {
    if (kind !== 'revoked') return undefined;
    const seconds = Math.floor(at / 1_000);
    const body = JSON.stringify({
      client_key: clientId,
      event: 'authorization.removed',
      create_time: seconds,
      user_openid: openId(clientId, persona),
      content: JSON.stringify({ reason: USER_DISCONNECTED }),
    });
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    return {
      url,
      headers: { 'content-type': 'application/json', 'tiktok-signature': `t=${seconds},s=${signature}` },
      body,
    };
  },
});
