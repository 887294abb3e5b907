import { z } from 'zod';
import { hours } from '#config';
import type { AppCredentials } from '../contract/app-credentials.js';
import type { Push, PushCall, PushNotice } from '../contract/push.js';
import { idField } from '../oauth/platform-values.js';
import { sameBytes, signatureOf } from '../push/hmac.js';
import { identifier } from '../push/identifier.js';
import { readJson } from '../push/read-json.js';
import { isTimely } from '../push/timely.js';

/**
 * X's webhooks (docs.x.com/x-api/webhooks/quickstart, docs.x.com/x-api/activity/introduction, read in November 2026). X signs
 * with the app's consumer secret: an app whose secret here is another one gets no push.
 */
export const xPush: Push = { family: 'x', isPlausible, isGenuine, read, answerChallenge, isChallenge };

const SIGNATURE = /^sha256=[\w+/]{43}=$/;
/** X replays the events of a day to a URL that was away (docs.x.com/x-api/webhooks); what is older is a replay by another. */
const OLDEST = hours(24);

/** `x-twitter-webhooks-signature` has no time, but each event that matters here has one in its signed body. */
function isPlausible(call: PushCall): boolean {
  if (!SIGNATURE.test(signatureIn(call))) return false;
  const revoked = readJson(Revoked, call.body);
  return revoked === undefined || (revoked.at !== null && isTimely(revoked.at, call.now, OLDEST));
}

/** `x-twitter-webhooks-signature: sha256=<base64 of HMAC-SHA256 over the body>`. */
function isGenuine(call: PushCall, app: AppCredentials): boolean {
  return isPlausible(call) && sameBytes(Buffer.from(signatureIn(call)), Buffer.from(sealed(app, call.body)));
}

const signatureIn = ({ headers }: PushCall): string => headers['x-twitter-webhooks-signature'] ?? '';

const sealed = (app: AppCredentials, text: string | Buffer): string =>
  `sha256=${signatureOf(app, text).toString('base64')}`;

const when = z.string().pipe(z.coerce.date()).nullable().catch(null);

const userId = idField.pipe(identifier);

/** The Activity API's event, and the Account Activity API's of the years before. */
const Revoked = z.union([
  z
    .object({
      data: z.object({
        event_type: z.literal('oauth.revoke'),
        payload: z.object({ user_id: userId, date_time: when }),
      }),
    })
    .transform(({ data: { payload } }) => ({ userId: payload.user_id, at: payload.date_time })),
  z
    .object({ user_event: z.object({ revoke: z.object({ date_time: when, source: z.object({ user_id: userId }) }) }) })
    .transform(({ user_event: { revoke } }) => ({ userId: revoke.source.user_id, at: revoke.date_time })),
]);

function read({ body }: PushCall): PushNotice | undefined {
  const revoked = readJson(Revoked, body);
  return revoked && { kind: 'revoked', platformUserId: revoked.userId, reason: 'deauthorized_by_user', at: revoked.at };
}

/** The shape of a token. The challenge is signed by the key that signs events, so text that could be an event is refused. */
const TOKEN = /^[\w+/=-]{1,500}$/;

type Query = Readonly<Record<string, unknown>>;

const tokenIn = ({ crc_token: token }: Query): string | undefined =>
  typeof token === 'string' && TOKEN.test(token) ? token : undefined;

function isChallenge(query: Query): boolean {
  return tokenIn(query) !== undefined;
}

/** The challenge-response check: made when the URL is registered, and about every hour. */
function answerChallenge(query: Query, app: AppCredentials): object | undefined {
  const token = tokenIn(query);
  return token ? { response_token: sealed(app, token) } : undefined;
}
