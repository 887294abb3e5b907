import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

type Meaning = Omit<Failure, 'code'>;

const REVOKED: Meaning = { class: 'permanent', reason: 'grant_revoked' };
const EXPIRED: Meaning = { class: 'permanent', reason: 'grant_expired' };
const MISCONFIGURED: Meaning = { class: 'app', reason: 'app_misconfigured' };
const PERMISSION: Meaning = { class: 'permission', reason: 'scope_missing' };

const TokenError = z.object({ error: z.string(), error_description: z.string() });

/** The word for a revoked token or code is not stable (documented, and seen otherwise); the sentence is. */
const REVOKED_WORDS = new Set(['invalid_request', 'invalid_grant', 'invalid_redirect_uri']);
const REVOKED_SENTENCES = new Set([
  'The provided authorization grant or refresh token is invalid, expired or revoked',
  'Unable to retrieve access token: authorization code not found',
  'Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code.' +
    ' Or authorization code expired. Or external member binding exists',
]);

/** Under `invalid_request` too, and of the app. */
const APP_SENTENCE =
  /\bclient_(id|secret)\b.*\binvalid\b|\b(app|application|client) (is|was|has been) (not active|inactive|suspended|disabled|blocked|restricted|deleted)\b/i;

/** The token endpoint. What is not listed is left to RFC 6749. */
export function classifyToken(answer: ReadAnswer): Failure | undefined {
  const { data } = TokenError.safeParse(answer.json);
  if (data && (data.error === 'invalid_client_id' || APP_SENTENCE.test(data.error_description)))
    return { ...MISCONFIGURED, code: data.error };
  // The same sentence was seen with a full stop and without.
  const isRevoked =
    data && REVOKED_WORDS.has(data.error) && REVOKED_SENTENCES.has(data.error_description.replace(/\.$/, ''));
  return isRevoked ? { ...REVOKED, code: data.error } : rateLimited(answer);
}

const Problem = z.object({
  status: z.number().catch(0),
  code: z.string().catch(''),
  serviceErrorCode: z.number().transform(String).catch(''),
  message: z.string().catch(''),
  error: z.string().catch(''),
});
type Problem = z.output<typeof Problem>;

const BY_CODE: Record<string, (problem: Problem) => Meaning> = {
  INVALID_ACCESS_TOKEN: () => REVOKED,
  REVOKED_ACCESS_TOKEN: () => REVOKED,
  EXPIRED_ACCESS_TOKEN: () => EXPIRED,
  ACCESS_DENIED: deniedAccess,
  TOO_MANY_REQUESTS: rateLimit,
  NONEXISTENT_VERSION: () => MISCONFIGURED,
};

/** Old endpoints send a number alone, and it means this only with its status: 65600 was seen under 422 for something else. */
const BY_NUMBER: Record<string, string> = {
  '401/65600': 'INVALID_ACCESS_TOKEN',
  '401/65601': 'REVOKED_ACCESS_TOKEN',
  '401/65602': 'EXPIRED_ACCESS_TOKEN',
  '403/100': 'ACCESS_DENIED',
  '429/101': 'TOO_MANY_REQUESTS',
};

/** The errors of introspection that have the codes of the token endpoint. */
const BY_ERROR: Record<string, Meaning> = {
  invalid_client: MISCONFIGURED,
  invalid_client_id: MISCONFIGURED,
  unauthorized_client: MISCONFIGURED,
};

/** The API: by its code, by its number where it has no code, then by the token endpoint's words. */
export function classifyApi({ status, json }: ReadAnswer): Failure | undefined {
  const { data } = Problem.safeParse(json);
  if (!data) return undefined;
  const code = codeOf(data, status);
  if (APP_SENTENCE.test(data.message)) return { ...MISCONFIGURED, code: code || 'app_refused' };
  const meaning = own(BY_CODE, code)?.(data);
  if (meaning) return { ...meaning, code };
  const refused = own(BY_ERROR, data.error);
  return refused && { ...refused, code: data.error };
}

/** An error that came with 200 names its status itself. */
function codeOf({ code, status: namedStatus, serviceErrorCode }: Problem, status: number): string {
  return code || (own(BY_NUMBER, `${status < 300 ? namedStatus : status}/${serviceErrorCode}`) ?? '');
}

const BY_STATUS: Record<string, Meaning> = { revoked: REVOKED, expired: EXPIRED };

/** What the `status` of a token that is not active means; undefined for an undocumented word. */
export function failureByStatus(status: string): Failure | undefined {
  const meaning = own(BY_STATUS, status);
  return meaning && { ...meaning, code: `introspection_${status}` };
}

function own<Value>(table: Record<string, Value>, name: string): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** `partnerApi…` names a product the app was not given; anything else, a scope or the Page role that the member lacks. */
function deniedAccess({ message }: Problem): Meaning {
  return /\bpartnerApi[A-Z]/.test(message) ? MISCONFIGURED : PERMISSION;
}

function rateLimited(answer: ReadAnswer): Failure | undefined {
  const failure = answer.status === 429 ? classifyApi(answer) : undefined;
  return failure?.code === 'TOO_MANY_REQUESTS' ? failure : undefined;
}

/** `APPLICATION`, `MEMBER` or `APPLICATION_AND_MEMBER`, and `DAY` where it is the day's quota: another request spends the rest. */
function rateLimit({ message }: Problem): Meaning {
  const wait = /\bDAY\b/.test(message) && { retryAfter: untilMidnight() };
  const whole = /\bAPPLICATION\b/.test(message);
  return {
    ...(whole ? { class: 'app', reason: 'app_paused' } : { class: 'temporary', reason: 'rate_limited' }),
    ...wait,
  };
}

const A_DAY = 24 * 60 * 60;

/** Seconds to 00:00 UTC, when quotas start anew. */
const untilMidnight = (): number => A_DAY - (Math.floor(Date.now() / 1_000) % A_DAY);
