import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';
import { momentOf, retryAfter, secondsUntilReset } from '../oauth/retry-after.js';

type Meaning = Omit<Failure, 'code'>;

const REVOKED: Meaning = { class: 'permanent', reason: 'grant_revoked' };
const SUSPENDED: Meaning = { class: 'owner', reason: 'suspended' };
const MISCONFIGURED: Meaning = { class: 'app', reason: 'app_misconfigured' };
/** Credits and caps are the app's: it is paused, its accounts stay as they are. */
const PAUSED: Meaning = { class: 'app', reason: 'app_paused' };
const PERMISSION: Meaning = { class: 'permission', reason: 'scope_missing' };

const TokenError = z.object({ error: z.string(), error_description: z.string().optional() });

/** Revoked tokens and codes are `invalid_request` with one of these, not `invalid_grant` (seen in the wild; both are taken). */
const REVOKED_SENTENCES = new Set([
  'Value passed for the token was invalid.',
  'Value passed for the authorization code was invalid.',
  'Value passed for the code verifier did not match the code challenge.',
]);

/** Under `invalid_request` too, and of the app. */
const APP_SENTENCE = /^Value passed for the client id was invalid\b/;

/** The token endpoint. What is not listed is left to RFC 6749. */
export function classifyToken(answer: ReadAnswer): Failure | undefined {
  return bySentenceOfToken(answer.json) ?? classifyProblem(answer.json) ?? byStatus(answer, { 429: rateLimit });
}

function bySentenceOfToken(json: unknown): Failure | undefined {
  const { error, error_description: sentence = '' } = TokenError.safeParse(json).data ?? {};
  if (error === undefined) return undefined;
  if (error === 'invalid_request' && REVOKED_SENTENCES.has(sentence)) return { ...REVOKED, code: error };
  return APP_SENTENCE.test(sentence) ? { ...MISCONFIGURED, code: error } : undefined;
}

/** The API: by its problems, then by status. */
export function classifyApi(answer: ReadAnswer): Failure | undefined {
  return classifyProblem(answer.json) ?? byStatus(answer, { 401: () => REVOKED, 402: () => PAUSED, 429: rateLimit });
}

const BY_TYPE: Record<string, Meaning> = {
  'user-suspended': SUSPENDED,
  'not-authorized-for-resource': PERMISSION,
  'client-forbidden': MISCONFIGURED,
  'client-not-enrolled': MISCONFIGURED,
  'app-suspended': MISCONFIGURED,
  'usage-capped': PAUSED,
};

const BY_TITLE: Record<string, Meaning> = {
  CreditsDepleted: PAUSED,
  UsageCapExceeded: PAUSED,
  SpendCapReached: PAUSED,
  'Client Forbidden': MISCONFIGURED,
  'Unsupported Authentication': REVOKED,
};

/** Refusals that have no code of their own, only a sentence. */
const BY_SENTENCE: [sentence: RegExp, code: string, meaning: Meaning][] = [
  [/^You are not permitted to perform this action\.$/, 'not_permitted', PERMISSION],
  [/\bscope required\.?$/, 'scope_required', PERMISSION],
  [/\bdoes not have any credits\b/, 'credits_depleted', PAUSED],
  [
    /\b(app|application|client) (is|was|has been) (suspended|disabled|deactivated|restricted|deleted)\b/i,
    'app_suspended',
    MISCONFIGURED,
  ],
  [/\bdeveloper App that is attached to a Project\b/i, 'client-not-enrolled', MISCONFIGURED],
];

/** The numbers of API v1, and the errors of the OAuth layer in front of the API. */
const BY_CODE: Record<string, Meaning> = {
  63: SUSPENDED,
  64: SUSPENDED,
  326: { class: 'owner', reason: 'checkpoint' },
  87: MISCONFIGURED,
  261: MISCONFIGURED,
  416: MISCONFIGURED,
  453: MISCONFIGURED,
  invalid_client: MISCONFIGURED,
  unauthorized_client: MISCONFIGURED,
};

const Problem = z.object({
  title: z.string().catch(''),
  type: z.string().catch(''),
  detail: z.string().catch(''),
  /** What API v1 calls it. */
  message: z.string().catch(''),
  status: z.number().catch(0),
  code: z.number().transform(String).catch(''),
  error: z.string().catch(''),
  error_description: z.string().catch(''),
});
type Problem = z.output<typeof Problem>;
const Errors = z.object({ errors: z.array(z.unknown()) });

/** Problems (RFC 7807) stand alone or among `errors`. The host of a `type` is not stable, its end is. */
function classifyProblem(json: unknown): Failure | undefined {
  return problemsOf(json)
    .map(meaningOf)
    .find((failure) => failure !== undefined);
}

function problemsOf(json: unknown): Problem[] {
  const problems = [...(Errors.safeParse(json).data?.errors ?? []), json];
  return problems.flatMap((one) => Problem.safeParse(one).data ?? []);
}

function meaningOf(problem: Problem): Failure | undefined {
  const type = problem.type.split('/').at(-1) ?? '';
  return named(BY_TYPE, type) ?? named(BY_TITLE, problem.title) ?? byCode(problem) ?? bySentence(problem);
}

const byCode = ({ code, error }: Problem): Failure | undefined => named(BY_CODE, code) ?? named(BY_CODE, error);

function named(table: Record<string, Meaning>, code: string): Failure | undefined {
  const meaning = Object.hasOwn(table, code) ? table[code] : undefined;
  return meaning && { ...meaning, code };
}

function bySentence({ detail, message, error_description }: Problem): Failure | undefined {
  const texts = [detail, message, error_description];
  const [, code, meaning] = BY_SENTENCE.find(([sentence]) => texts.some((text) => sentence.test(text))) ?? [];
  return code && meaning ? { ...meaning, code } : undefined;
}

/** By the status of the answer or, where the errors came with 200, by the one that they name. */
function byStatus(answer: ReadAnswer, meanings: Record<number, (answer: ReadAnswer) => Meaning>): Failure | undefined {
  const status =
    answer.status < 300 ? (problemsOf(answer.json).find((problem) => problem.status > 0)?.status ?? 0) : answer.status;
  const meaning = meanings[status]?.(answer);
  return meaning && { ...meaning, code: `http_${status}` };
}

const QUARTER_HOUR = 15 * 60;

/** Until `x-rate-limit-reset`, a Unix time, else for as long as Retry-After requests; the window is a quarter of an hour. */
function rateLimit({ headers }: ReadAnswer): Meaning {
  const at = momentOf(headers);
  const wait = secondsUntilReset(headers, at) ?? retryAfter(headers['retry-after'], at) ?? QUARTER_HOUR;
  return { class: 'temporary', reason: 'rate_limited', retryAfter: Math.min(Math.max(wait, 1), QUARTER_HOUR) };
}
