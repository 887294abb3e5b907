import { z } from 'zod';
import { minutes } from '#config';
import type { AppCredentials } from '../contract/provider.js';
import type { Push, PushCall, PushNotice } from '../contract/push.js';
import { sameBytes, signatureOf } from '../push/hmac.js';
import { readJson } from '../push/read-json.js';

/** TikTok's webhooks: one URL for all events of all apps (developers.tiktok.com/doc/webhooks-verification, November 2026). */
export const tiktokPush: Push = {
  family: 'tiktok',
  clientIdIn: (body) => readJson(z.object({ client_key: z.string().min(1) }), body)?.client_key,
  isGenuine,
  read,
};

const OLDEST = minutes(5);
const SIGNATURE = /^t=(\d{1,12}),s=([\da-f]{64})$/;

/** `TikTok-Signature: t=<Unix seconds>,s=<hex of HMAC-SHA256 over "t.body">`; one that is too old is a replay. */
function isGenuine({ headers, body, now }: PushCall, app: AppCredentials): boolean {
  const match = SIGNATURE.exec(headers['tiktok-signature'] ?? '');
  if (!match) return false;
  const [, time = '', signature = ''] = match;
  if (now.getTime() - Number(time) * 1_000 > OLDEST) return false;
  return sameBytes(Buffer.from(signature, 'hex'), signatureOf(app, `${time}.`, body));
}

/** `content` is JSON in a string; developers.tiktok.com/doc/webhooks-events. */
const REASONS: Readonly<Record<number, string>> = {
  1: 'deauthorized_by_user',
  2: 'account_deleted',
  3: 'age_changed',
  4: 'suspended',
  5: 'revoked_by_app',
};

const Removed = z.object({
  event: z.literal('authorization.removed'),
  create_time: z.number().nullable().catch(null),
  user_openid: z.string().min(1),
  content: z.string().catch(''),
});
const Content = z.object({ reason: z.number() });

/** The token is dead already when this comes, whatever the reason. */
function read({ body }: PushCall): PushNotice | undefined {
  const removed = readJson(Removed, body);
  if (!removed) return undefined;
  const reason = REASONS[readJson(Content, removed.content)?.reason ?? 0] ?? 'grant_revoked';
  const at = removed.create_time === null ? null : new Date(removed.create_time * 1_000);
  return { kind: 'revoked', platformUserId: removed.user_openid, reason, at };
}
