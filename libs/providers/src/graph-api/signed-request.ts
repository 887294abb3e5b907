import { z } from 'zod';
import { type Duration, hours } from '#config';
import type { AppCredentials } from '../contract/app-credentials.js';
import { sameBytes, signatureOf } from '../push/hmac.js';
import { readJson } from '../push/read-json.js';
import { isTimely } from '../push/timely.js';

const DIGEST_BYTES = 32;
/** Meta documents no age. A day is enough for a repeated delivery, and ends the use of a recorded copy. */
const OLDEST: Duration = hours(24);

const Claims = z.object({ algorithm: z.string(), issued_at: z.number() });

interface Halves {
  signature: Buffer;
  payload: string;
}

/** The two halves of `base64url(signature).base64url(JSON)`. */
function halvesOf(text: string): Halves | undefined {
  const [signature, payload, more] = text.split('.');
  return signature && payload && more === undefined
    ? { signature: Buffer.from(signature, 'base64url'), payload }
    : undefined;
}

/** Whether a text has the form of a `signed_request` that was made within the last day. A request without a time could be replayed without limit. */
export function isPlausibleRequest(text: string, now: Date): boolean {
  const halves = halvesOf(text);
  if (halves?.signature.length !== DIGEST_BYTES) return false;
  const claims = readJson(Claims, decoded(halves.payload));
  return claims?.algorithm.toUpperCase() === 'HMAC-SHA256' && isTimely(timeOf(claims.issued_at), now, OLDEST);
}

/**
 * Whether the app's secret signed a `signed_request`: the signature is over the encoded half (developers.facebook.com, Data
 * Deletion Request Callback, November 2026).
 */
export function isSignedRequest(text: string, app: AppCredentials): boolean {
  const halves = halvesOf(text);
  return halves !== undefined && sameBytes(halves.signature, signatureOf(app, halves.payload));
}

/** The person of a genuine `signed_request`, and when it was made. */
export function readSignedRequest(text: string): { userId: string; issuedAt: Date } | undefined {
  const json = decoded(halvesOf(text)?.payload ?? '');
  const userId = USER_ID.exec(json)?.[1];
  const claims = readJson(Claims, json);
  return userId === undefined || !claims ? undefined : { userId, issuedAt: timeOf(claims.issued_at) };
}

/** Some ids come as numbers, longer than a JSON number can be. */
const USER_ID = /"user_id"\s*:\s*"?(\d{1,40})\b/;

const timeOf = (unixSeconds: number): Date => new Date(unixSeconds * 1_000);
const decoded = (payload: string): string => Buffer.from(payload, 'base64url').toString();
