import { z } from 'zod';
import type { AppCredentials } from '../contract/provider.js';
import { sameBytes, signatureOf } from '../push/hmac.js';
import { readJson } from '../push/read-json.js';

const Algorithm = z.object({ algorithm: z.string() });

/**
 * Whether a `signed_request` (`base64url(signature).base64url(JSON)`) was made with the app's secret: the signature is over
 * the encoded half (developers.facebook.com, Data Deletion Request Callback, November 2026).
 */
export function isSignedRequest(text: string, app: AppCredentials): boolean {
  const [signature, payload, more] = text.split('.');
  if (!signature || !payload || more !== undefined) return false;
  if (!sameBytes(Buffer.from(signature, 'base64url'), signatureOf(app, payload))) return false;
  return readJson(Algorithm, decoded(payload))?.algorithm.toUpperCase() === 'HMAC-SHA256';
}

/** Whom a genuine `signed_request` is about, and when it was made. */
export function readSignedRequest(text: string): { userId: string; issuedAt: Date | null } | undefined {
  const json = decoded(text.split('.')[1] ?? '');
  const userId = USER_ID.exec(json)?.[1];
  const issuedAt = readJson(Issued, json)?.issued_at ?? null;
  return userId === undefined ? undefined : { userId, issuedAt: issuedAt === null ? null : new Date(issuedAt * 1_000) };
}

/** Some ids come as numbers, longer than a JSON number can be. */
const USER_ID = /"user_id"\s*:\s*"?(\d{1,40})\b/;
const Issued = z.object({ issued_at: z.number().nullable().catch(null) });

const decoded = (payload: string): string => Buffer.from(payload, 'base64url').toString();
