import { createHmac } from 'node:crypto';
import { minutes } from '#config';
import type { Persona, SandboxPush } from '../sandbox/index.js';

const PATHS = { revoked: 'deauthorize', data_deletion: 'data-deletion' };

/**
 * Meta's two callbacks. The dashboard has a field for each; here one address is set, and they are called below it. `userId`:
 * the person by the id at this app.
 */
export const graphSandboxPush = (userId: (clientId: string, persona: Persona) => string): SandboxPush => ({
  message({ kind, clientId, persona, at }, { url, secret }) {
    const payload = encoded({
      algorithm: 'HMAC-SHA256',
      expires: inSeconds(at + minutes(60)),
      issued_at: inSeconds(at),
      user_id: userId(clientId, persona),
    });
    const signature = createHmac('sha256', secret).update(payload).digest('base64url');
    return {
      url: `${url.replace(/\/$/, '')}/${PATHS[kind]}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ signed_request: `${signature}.${payload}` }).toString(),
    };
  },
});

const inSeconds = (time: number): number => Math.floor(time / 1_000);
const encoded = (payload: object): string => Buffer.from(JSON.stringify(payload)).toString('base64url');
