import { z } from 'zod';
import type { AppCredentials } from '../contract/provider.js';
import type { Push, PushCall, PushNotice } from '../contract/push.js';
import { sameBytes, signatureOf } from '../push/hmac.js';
import { readJson } from '../push/read-json.js';

/**
 * X's webhooks (docs.x.com/x-api/webhooks/quickstart, docs.x.com/x-api/activity/introduction, read in November 2026). X signs
 * with the app's consumer secret: an app whose secret here is another one gets no push.
 */
export const xPush: Push = { family: 'x', isGenuine, read, answerChallenge };

/** `x-twitter-webhooks-signature: sha256=<base64 of HMAC-SHA256 over the body>`. */
function isGenuine({ headers, body }: PushCall, app: AppCredentials): boolean {
  return sameBytes(Buffer.from(headers['x-twitter-webhooks-signature'] ?? ''), Buffer.from(sealed(app, body)));
}

const sealed = (app: AppCredentials, text: string | Buffer): string => `sha256=${signatureOf(app, text).toString('base64')}`;

const id = z.string().min(1);
const when = z.coerce.date().nullable().catch(null);

/** The Activity API's event, and the Account Activity API's of the years before. */
const Revoked = z.union([
  z
    .object({ data: z.object({ event_type: z.literal('oauth.revoke'), payload: z.object({ user_id: id, date_time: when }) }) })
    .transform(({ data: { payload } }) => ({ userId: payload.user_id, at: payload.date_time })),
  z
    .object({ user_event: z.object({ revoke: z.object({ date_time: when, source: z.object({ user_id: id }) }) }) })
    .transform(({ user_event: { revoke } }) => ({ userId: revoke.source.user_id, at: revoke.date_time })),
]);

function read({ body }: PushCall): PushNotice | undefined {
  const revoked = readJson(Revoked, body);
  return revoked && { kind: 'revoked', platformUserId: revoked.userId, reason: 'deauthorized_by_user', at: revoked.at };
}

/** What a token looks like. Whoever asks gets it signed by the key that signs events, so nothing that could be an event is. */
const TOKEN = /^[\w+/=-]{1,500}$/;

/** The challenge-response check: made when the URL is registered, and about every hour. */
function answerChallenge({ crc_token }: Readonly<Record<string, unknown>>, app: AppCredentials): object | undefined {
  return typeof crc_token === 'string' && TOKEN.test(crc_token) ? { response_token: sealed(app, crc_token) } : undefined;
}
