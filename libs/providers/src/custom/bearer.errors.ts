import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';
import { errorCode } from '../oauth/read-answer.js';

/** RFC 6750 3.1: what a protected resource says about a bearer token. Anything else is no word on the grant. */
const MEANINGS: Record<string, { status: number; failure: Omit<Failure, 'code'> }> = {
  invalid_token: { status: 401, failure: { class: 'permanent', reason: 'grant_revoked' } },
  insufficient_scope: { status: 403, failure: { class: 'permission', reason: 'scope_missing' } },
};

/** Reads the refusal of an API by the standard: the code stands in `WWW-Authenticate`, some repeat it in the body. */
export function classifyBearer({ status, headers, json }: ReadAnswer): Failure | undefined {
  const code = challengeCode(headers['www-authenticate']) ?? errorCode(json);
  const meaning = code !== undefined && Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined;
  return code !== undefined && meaning?.status === status ? { ...meaning.failure, code } : undefined;
}

/** The `error` of a Bearer challenge. */
const challengeCode = (header = ''): string | undefined => /^Bearer\b.*\berror="([a-z_]+)"/i.exec(header)?.[1];
