import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

type Meaning = Omit<Failure, 'code'>;

const REVOKED: Meaning = { class: 'permanent', reason: 'grant_revoked' };
const MISCONFIGURED: Meaning = { class: 'app', reason: 'app_misconfigured' };
const PERMISSION: Meaning = { class: 'permission', reason: 'scope_missing' };
const LIMITED: Meaning = { class: 'temporary', reason: 'rate_limited' };

/** By status and the number in the body: the numbers of the v5 description (5.23) are used again under other statuses. */
type Table = Readonly<Record<string, Meaning>>;

/** 283 is in no document: "The authorization grant is invalid", seen for revoked refresh tokens (pinterest-python-sdk#114). */
const AT_TOKEN: Table = {
  '401/2': MISCONFIGURED,
  '400/283': REVOKED,
  '401/283': REVOKED,
  '403/283': REVOKED,
  '429/8': LIMITED,
};

const AT_API: Table = {
  '401/2': REVOKED,
  '401/3': PERMISSION,
  '403/29': PERMISSION,
  '403/403': PERMISSION,
  '429/8': LIMITED,
};

/**
 * The app is refused, under a number that otherwise concerns a person: 283 with "Invalid Application ID" in `data`
 * (pinterest-api-demo#16), 29 with "Trial access" (postiz-app#1084), 3 with a consumer type.
 */
const APP_SENTENCES: readonly RegExp[] = [
  /^Apps with Trial access may not /,
  /\bInvalid (Application|App|Client)[ _]?ID\b/i,
  /\bapplication consumer type is not supported\b/i,
  /\b(app|application|client|consumer) ((is|has) not (been )?(approved|active)|(is|was|has been) (inactive|disabled|deactivated|blocked|suspended|deleted))\b/i,
  /\bInvalid (client|app) secret\b/i,
];

const text = z.string().catch('');
const Refused = z.object({ code: z.int(), message: text, data: text });

/** The token endpoint. What is not listed is left to RFC 6749. */
export const classifyToken = (answer: ReadAnswer): Failure | undefined => classify(AT_TOKEN, answer);

export const classifyApi = (answer: ReadAnswer): Failure | undefined => classify(AT_API, answer);

function classify(table: Table, { status, json }: ReadAnswer): Failure | undefined {
  const { data: refused } = Refused.safeParse(json);
  if (!refused) return undefined;
  const code = String(refused.code);
  const isOfApp = APP_SENTENCES.some((known) => known.test(refused.message) || known.test(refused.data));
  const meaning = isOfApp ? MISCONFIGURED : meaningOf(table, status, code);
  return meaning && { ...meaning, code };
}

/** An error in a body that came with 200 has no status of its own: only the number decides. */
function meaningOf(table: Table, status: number, code: string): Meaning | undefined {
  const key = status < 300 ? Object.keys(table).find((known) => known.endsWith(`/${code}`)) : `${status}/${code}`;
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}
