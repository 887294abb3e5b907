import { createHmac } from 'node:crypto';

export const SECRET = 'the-secret-of-the-app';
export const OTHER = 'the-secret-of-another';
export const NOW = (): number => Math.floor(Date.now() / 1_000);

/** An app that a platform calls. */
export interface PushedApp {
  id: string;
  clientId: string;
  provider: string;
}

export const hmac = (text: string, secret: string, encoding: 'base64' | 'base64url' | 'hex'): string =>
  createHmac('sha256', secret).update(text).digest(encoding);

export interface Sent {
  path: string;
  headers: Record<string, string>;
  body: string;
}
export type Signing = (
  app: PushedApp,
  userId: string,
  over?: { secret?: string; at?: number; t?: number; topic?: string },
) => Sent;

export const signX: Signing = ({ id }, userId, { secret = SECRET, at = NOW() } = {}) => {
  const payload = { date_time: new Date(at * 1_000).toISOString(), user_id: userId, app_id: '29820954' };
  const body = JSON.stringify({ data: { event_uuid: '1', filter: {}, event_type: 'oauth.revoke', payload } });
  const headers = {
    'content-type': 'application/json',
    'x-twitter-webhooks-signature': `sha256=${hmac(body, secret, 'base64')}`,
  };
  return { path: `/v1/callbacks/x/${id}`, headers, body };
};
export const signTiktok: Signing = ({ clientId }, userId, { secret = SECRET, at = NOW(), t = NOW() } = {}) => {
  const content = JSON.stringify({ reason: 1 });
  const body = JSON.stringify({
    client_key: clientId,
    event: 'authorization.removed',
    create_time: at,
    user_openid: userId,
    content,
  });
  const headers = {
    'content-type': 'application/json',
    'tiktok-signature': `t=${t},s=${hmac(`${t}.${body}`, secret, 'hex')}`,
  };
  return { path: '/v1/callbacks/tiktok', headers, body };
};
export const signMeta: Signing = ({ id }, userId, { secret = SECRET, at = NOW(), topic = 'deauthorize' } = {}) => {
  const payload = Buffer.from(JSON.stringify({ algorithm: 'HMAC-SHA256', issued_at: at, user_id: userId })).toString(
    'base64url',
  );
  const body = new URLSearchParams({ signed_request: `${hmac(payload, secret, 'base64url')}.${payload}` }).toString();
  return {
    path: `/v1/callbacks/meta/${id}/${topic}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  };
};
