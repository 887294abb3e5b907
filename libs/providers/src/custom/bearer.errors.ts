import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';
import { errorCode, refusalCode } from '../oauth/refusal-code.js';
import type { CustomProvider } from './custom-provider.schema.js';

type Meaning = Omit<Failure, 'code'>;
type Words = NonNullable<CustomProvider['errors']>;

/** What the class of an operator's word means for an account. */
const BY_CLASS: Record<Words[string], Meaning> = {
  permanent: { class: 'permanent', reason: 'grant_revoked' },
  app: { class: 'app', reason: 'app_misconfigured' },
  owner: { class: 'owner', reason: 'checkpoint' },
  permission: { class: 'permission', reason: 'scope_missing' },
  temporary: { class: 'temporary', reason: 'provider_unavailable' },
};

/** RFC 6750 3.1: the errors of a protected resource about a bearer token. Any other answer proves nothing about the grant. */
const MEANINGS: Record<string, { status: number; failure: Meaning }> = {
  invalid_token: { status: 401, failure: BY_CLASS.permanent },
  insufficient_scope: { status: 403, failure: BY_CLASS.permission },
};

/** Reads the operator's words in a refusal of the token endpoint or of the API. */
export function classifyByWords(words: Words, json: unknown): Failure | undefined {
  const code = refusalCode(json);
  const word = code !== undefined && Object.hasOwn(words, code) ? words[code] : undefined;
  return code !== undefined && word ? { ...BY_CLASS[word], code } : undefined;
}

/**
 * Reads the refusal of an API by the standard: the code stands in `WWW-Authenticate`, some repeat it in the body. In a body
 * that came with 200 it has no status of its own.
 */
export function classifyBearer({ status, headers, json }: ReadAnswer): Failure | undefined {
  const code = challengeCode(headers['www-authenticate']) ?? errorCode(json);
  const meaning = code !== undefined && Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined;
  return code !== undefined && meaning && (status < 300 || meaning.status === status)
    ? { ...meaning.failure, code }
    : undefined;
}

/** The `error` of a Bearer challenge. */
const challengeCode = (header = ''): string | undefined => /^Bearer\b.*\berror="([a-z_]+)"/i.exec(header)?.[1];
