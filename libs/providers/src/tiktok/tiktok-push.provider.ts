import { z } from 'zod';
import { minutes } from '#config';
import type { AppCredentials } from '../contract/app-credentials.js';
import type { Push, PushAddressee, PushCall, PushNotice } from '../contract/push.js';
import { idField } from '../oauth/platform-values.js';
import { sameBytes, signatureOf } from '../push/hmac.js';
import { identifier } from '../push/identifier.js';
import { readJson } from '../push/read-json.js';
import { isTimely } from '../push/timely.js';

/** TikTok's webhooks: one URL for all events of all apps (developers.tiktok.com/doc/webhooks-verification, November 2026). */
export const tiktokPush: Push = { family: 'tiktok', addresseeIn, isPlausible, isGenuine, read };

const OLDEST = minutes(5);
const SIGNATURE = /^t=(\d{1,12}),s=([\da-f]{64})$/;

const Addressed = z.object({ client_key: identifier, user_openid: identifier.nullable().catch(null) });

function addresseeIn(body: Buffer): PushAddressee | undefined {
  const addressed = readJson(Addressed, body);
  return addressed && { clientId: addressed.client_key, platformUserId: addressed.user_openid };
}

interface Signature {
  /** As it stands in the header: the signature covers this text. */
  time: string;
  at: Date;
  digest: Buffer;
}

/** `TikTok-Signature: t=<Unix seconds>,s=<hex of HMAC-SHA256 over "t.body">`. */
function signatureIn({ headers }: PushCall): Signature | undefined {
  const [, time, digest] = SIGNATURE.exec(headers['tiktok-signature'] ?? '') ?? [];
  if (time === undefined || digest === undefined) return undefined;
  return { time, at: new Date(Number(time) * 1_000), digest: Buffer.from(digest, 'hex') };
}

function isPlausible(call: PushCall): boolean {
  const signed = signatureIn(call);
  return signed !== undefined && isTimely(signed.at, call.now, OLDEST);
}

function isGenuine(call: PushCall, app: AppCredentials): boolean {
  const signature = signatureIn(call);
  if (!signature || !isPlausible(call)) return false;
  return sameBytes(signature.digest, signatureOf(app, `${signature.time}.`, call.body));
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
  create_time: z.int().positive().nullable().catch(null),
  user_openid: idField.pipe(identifier),
  content: z.string().catch(''),
});
const Content = z.object({ reason: z.number() });

/** The token is already revoked when this arrives, whatever the reason. */
function read(call: PushCall): PushNotice | undefined {
  const removed = readJson(Removed, call.body);
  if (!removed) return undefined;
  const reason = REASONS[readJson(Content, removed.content)?.reason ?? 0] ?? 'grant_revoked';
  return { kind: 'revoked', platformUserId: removed.user_openid, reason, at: timeOf(removed.create_time, call) };
}

/** An event happened before it was signed, whatever time it states. */
function timeOf(createTime: number | null, call: PushCall): Date | null {
  const signedAt = signatureIn(call)?.at ?? null;
  if (signedAt === null || createTime === null) return signedAt;
  return new Date(Math.min(createTime * 1_000, signedAt.getTime()));
}
