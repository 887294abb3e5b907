import type { AppCheckOutcome } from '../contract/app-setup.js';
import type { PlatformAnswer } from '../contract/http.js';
import type { Failure, IdentityOutcome, ProbeReading, TokenOutcome } from '../contract/outcome.js';
import type { ProfilesOutcome, Provider, ReadAnswer } from '../contract/provider.js';
import { decodeAnswer } from './decode-answer.js';
import { cleanFailure, cleanIdentity, cleanProfilePage, cleanReading, cleanTokenSet } from './platform-values.js';
import { errorCode, hasErrorField, holdsError, isDenied, refusalCode } from './refusal-code.js';
import { momentOf, retryAfter, secondsUntilReset } from './retry-after.js';

const UNREADABLE: Failure = { class: 'temporary', reason: 'provider_unavailable', code: 'unreadable' };
const UNUSABLE_ID: Failure = { ...UNREADABLE, code: 'unusable_id' };

const MISCONFIGURED = { class: 'app', reason: 'app_misconfigured' } as const;
const UNAVAILABLE = { class: 'temporary', reason: 'provider_unavailable' } as const;
const LIMITED = { class: 'temporary', reason: 'rate_limited' } as const;

/** RFC 6749 5.2 and 4.1.2.1, RFC 8628 3.5, and words for a wrong client that several servers use: the same everywhere. */
const STANDARD: Record<string, Pick<Failure, 'class' | 'reason'>> = {
  invalid_grant: { class: 'permanent', reason: 'grant_revoked' },
  invalid_client: MISCONFIGURED,
  unauthorized_client: MISCONFIGURED,
  invalid_client_id: MISCONFIGURED,
  invalid_client_secret: MISCONFIGURED,
  bad_client_secret: MISCONFIGURED,
  incorrect_client_credentials: MISCONFIGURED,
  application_suspended: MISCONFIGURED,
  temporarily_unavailable: UNAVAILABLE,
  server_error: UNAVAILABLE,
  slow_down: LIMITED,
  rate_limit_exceeded: LIMITED,
};

/** Reads a token endpoint's answer: status 5xx, then a token set, then the platform's own table, then the standard. */
export function readTokenAnswer(provider: Provider, answer: PlatformAnswer): TokenOutcome {
  const read = decodeAnswer(answer);
  const found = answer.status < 300 ? provider.token.read(read.json) : undefined;
  const tokens = found && cleanTokenSet(found, provider.scopes.required);
  if (tokens) return { ok: true, tokens };
  // A 5xx comes from a server that fails: its body does not show whether the token was spent before the failure.
  if (answer.status >= 500) return doubtful(answer, read);
  const known = provider.classify.token(read) ?? standardFailure(read);
  if (known) return { ok: false, failure: failureOf(answer, read, known) };
  return found ? UNREADABLE_SUCCESS : readUnlisted(answer, read);
}

const UNREADABLE_SUCCESS: TokenOutcome = { ok: false, failure: UNREADABLE, outcomeUnknown: 'success' };

/** A failure that leaves it open whether the platform has carried out the request. */
const doubtful = (answer: PlatformAnswer, read: ReadAnswer): TokenOutcome & { ok: false } => ({
  ok: false,
  failure: failureOf(answer, read, undefined),
  outcomeUnknown: 'failure',
});

/**
 * Reads the answer to an app check. A refusal that concerns anything but the id and secret of the app, such as its credits or
 * the rate of its requests, leaves them unknown.
 */
export function readAppCheckAnswer(provider: Provider, answer: PlatformAnswer): AppCheckOutcome {
  const read = decodeAnswer(answer);
  const failure = failureOf(answer, read, provider.classify.token(read) ?? standardFailure(read));
  if (!isAnswered(read)) return { status: 'unknown', code: failure.code, retry: true };
  if (isOfCredentials(provider, read, failure)) return { status: 'refused', failure };
  return provider.appCheck?.accepts(read) ? { status: 'accepted' } : { status: 'unknown', code: failure.code };
}

const isOfCredentials = ({ appCheck }: Provider, read: ReadAnswer, { class: of, reason }: Failure): boolean =>
  of === MISCONFIGURED.class && reason === MISCONFIGURED.reason && !appCheck?.refusesRequest?.(read);

/** What no table lists: a success, a refusal, a request that was not processed (408, 425, 429), or a redirect. */
function readUnlisted(answer: PlatformAnswer, read: ReadAnswer): TokenOutcome {
  if (!isRefused(read)) return UNREADABLE_SUCCESS;
  if (isAnswered(read)) return unlisted(answer, read);
  return NOT_LOOKED_AT.has(read.status)
    ? { ok: false, failure: failureOf(answer, read, undefined) }
    : doubtful(answer, read);
}

/** Whether the platform has looked at the request and refused it: such an answer is no outage. */
const isAnswered = ({ status }: ReadAnswer): boolean =>
  status < 500 && (status < 300 || status >= 400) && !NOT_LOOKED_AT.has(status);

const isObject = (json: unknown): boolean => typeof json === 'object' && json !== null;

/**
 * A body without a readable object may be of a proxy in between, before or after the platform: then the status alone refuses,
 * and the outcome is unknown. A page is hardly of a token endpoint at all.
 */
function unlisted(answer: PlatformAnswer, read: ReadAnswer): TokenOutcome {
  if (!isObject(read.json))
    return { ...doubtful(answer, read), unlisted: isPage(answer) || isMarkup(answer) ? 'page' : 'status' };
  const code = refusalCode(read.json);
  const failure = failureOf(answer, read, code === undefined ? undefined : { ...UNAVAILABLE, code });
  return { ok: false, failure, unlisted: 'words' };
}

/** Whether it is a refusal by its status, or by the shape of its body, in whatever words. */
const isRefused = ({ status, json }: ReadAnswer): boolean => status >= 300 || hasErrorField(json) || isDenied(json);

/**
 * Whether an API's answer may be read as a success. A token endpoint's answer is read otherwise: an access token in it was
 * issued, whatever stands beside it, and without it a refresh token that works once would be lost.
 */
const isApiSuccess = ({ status, json }: ReadAnswer): boolean => status < 300 && !holdsError(json);

/** Reads the identity call's answer, which is the probe too. An id that cannot be used is an answer that cannot be read. */
export function readIdentityAnswer(provider: Provider, answer: PlatformAnswer): IdentityOutcome {
  const read = decodeAnswer(answer);
  const found = isApiSuccess(read) ? provider.identity.read(read.json) : undefined;
  const identity = found && cleanIdentity(found, provider);
  if (identity) return { ok: true, identity };
  return { ok: false, failure: found ? UNUSABLE_ID : failureOf(answer, read, provider.classify.api(read)) };
}

/** Reads one page of the profiles that a consent opened; a platform without any has none to read. */
export function readProfilesAnswer(provider: Provider, answer: PlatformAnswer): ProfilesOutcome {
  const read = decodeAnswer(answer);
  const found = isApiSuccess(read) ? provider.profiles?.read(read.json) : undefined;
  if (found) return { ok: true, ...cleanProfilePage(found, provider) };
  return { ok: false, failure: failureOf(answer, read, provider.classify.api(read)) };
}

/**
 * Why a revocation failed; undefined: it is done. The content of a success is ignored (RFC 7009 2.2) unless it is an
 * error that the platform's tables list, since some refuse with status 200, reports that nothing was revoked, or is a page: that
 * is of a proxy in between, and so is a refusal without a readable object. A revocation can be repeated.
 */
export function readRevocationAnswer({ classify }: Provider, answer: PlatformAnswer): Failure | undefined {
  const read = decodeAnswer(answer);
  const known = classify.token(read) ?? classify.api(read) ?? standardFailure(read);
  if (!known && answer.status < 300)
    return isPage(answer) || isDenied(read.json) ? failureOf(answer, read, undefined) : undefined;
  return failureOf(answer, read, known ?? unlistedRevocation(read));
}

/** A refusal in words that no table lists. */
function unlistedRevocation(read: ReadAnswer): Failure | undefined {
  if (!isAnswered(read) || !isObject(read.json)) return undefined;
  const code = refusalCode(read.json) ?? `http_${read.status}`;
  return { class: 'permanent', reason: 'revocation_refused', code };
}

/** What any other answer of the API means for the account; undefined: it is a success. */
export function readApiRefusal({ classify }: Provider, answer: PlatformAnswer): Failure | undefined {
  const read = decodeAnswer(answer);
  return isApiSuccess(read) ? undefined : failureOf(answer, read, classify.api(read));
}

const isPage = ({ headers, body }: PlatformAnswer): boolean =>
  /^text\/html\b/i.test(headers['content-type'] ?? '') && body.length > 0;

const isMarkup = ({ body }: PlatformAnswer): boolean => /^\s*</.test(body.toString('latin1', 0, 100));

/** Reads a probe's answer: what the platform's reading makes of it, else what its refusal means. */
export function readProbeAnswer(provider: Provider, answer: PlatformAnswer): ProbeReading {
  const read = decodeAnswer(answer);
  const reading = isApiSuccess(read) ? provider.probe.read(read.json) : undefined;
  if (reading) return cleanReading(reading, provider.scopes.required);
  const { classify } = provider;
  return { ok: false, failure: failureOf(answer, read, classify.probe ? classify.probe(read) : classify.api(read)) };
}

/** A 5xx is a failure of the platform. With these statuses, too, the platform has not evaluated the grant. */
const NOT_LOOKED_AT = new Set([408, 425, 429]);

function failureOf(answer: PlatformAnswer, { json }: ReadAnswer, known: Failure | undefined): Failure {
  const { status } = answer;
  const unfounded = status >= 500 || (known?.class === 'permanent' && NOT_LOOKED_AT.has(status));
  return cleanFailure(withRetryAfter((unfounded ? undefined : known) ?? byStatus(status, json), answer));
}

function byStatus(status: number, json: unknown): Failure {
  if (status === 429) return { class: 'temporary', reason: 'rate_limited', code: 'http_429' };
  return { ...UNREADABLE, code: status < 500 && json === undefined ? 'unreadable' : `http_${status}` };
}

function standardFailure({ json }: ReadAnswer): Failure | undefined {
  const code = errorCode(json);
  const meaning = code !== undefined && Object.hasOwn(STANDARD, code) ? STANDARD[code] : undefined;
  return code !== undefined && meaning ? { ...meaning, code } : undefined;
}

/** Where a limit was met and nothing else states for how long, by the headers in which platforms count. */
function withRetryAfter(failure: Failure, { headers }: PlatformAnswer): Failure {
  const reset =
    failure.reason === 'rate_limited' && failure.retryAfter === undefined
      ? secondsUntilReset(headers, momentOf(headers))
      : undefined;
  const wait = retryAfter(headers['retry-after'], momentOf(headers)) ?? reset;
  return wait === undefined ? failure : { ...failure, retryAfter: Math.max(wait, failure.retryAfter ?? 0) };
}
