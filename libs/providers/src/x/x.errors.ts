import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

const TokenError = z.object({ error: z.string(), error_description: z.string().optional() });

/** A dead or spent refresh token is `invalid_request` with this sentence, not `invalid_grant` (seen in the wild; both are taken). */
const DEAD_TOKEN = 'Value passed for the token was invalid.';

/** The token endpoint. What is not listed is left to RFC 6749. */
export function classifyToken({ json }: ReadAnswer): Failure | undefined {
  const { data } = TokenError.safeParse(json);
  if (data?.error === 'invalid_request' && data.error_description === DEAD_TOKEN) {
    return { class: 'permanent', reason: 'grant_revoked', code: 'invalid_request' };
  }
  return classifyProblem(json);
}

const Problem = z.object({ title: z.string().optional(), type: z.string().optional(), detail: z.string().optional() });

/** The API: problems by the last segment of their `type` (its host is not stable) or by their title. */
export function classifyApi({ status, headers, json }: ReadAnswer): Failure | undefined {
  const known = classifyProblem(json);
  if (known) return known;
  if (status === 401) return { class: 'permanent', reason: 'grant_revoked', code: 'http_401' };
  if (status === 429) return { class: 'temporary', reason: 'rate_limited', code: 'http_429', retryAfter: untilReset(headers) };
  return undefined;
}

const BY_TYPE: Record<string, Omit<Failure, 'code'>> = {
  'user-suspended': { class: 'owner', reason: 'suspended' },
  'not-authorized-for-resource': { class: 'permission', reason: 'scope_missing' },
  'client-forbidden': { class: 'app', reason: 'app_misconfigured' },
  'client-not-enrolled': { class: 'app', reason: 'app_misconfigured' },
  'app-suspended': { class: 'app', reason: 'app_misconfigured' },
  'usage-capped': { class: 'app', reason: 'app_paused' },
};

/** Credits are the app's: it is paused, its accounts stay as they are. */
const BY_TITLE: Record<string, Omit<Failure, 'code'>> = {
  CreditsDepleted: { class: 'app', reason: 'app_paused' },
};

function classifyProblem(json: unknown): Failure | undefined {
  const { data } = Problem.safeParse(json);
  if (!data) return undefined;
  const type = data.type?.split('/').at(-1) ?? '';
  return named(BY_TYPE, type) ?? named(BY_TITLE, data.title ?? '');
}

function named(table: Record<string, Omit<Failure, 'code'>>, code: string): Failure | undefined {
  const meaning = Object.hasOwn(table, code) ? table[code] : undefined;
  return meaning && { ...meaning, code };
}

const QUARTER_HOUR = 15 * 60;

/** Seconds to `x-rate-limit-reset`, a Unix time; the window is a quarter of an hour. */
function untilReset(headers: Record<string, string>): number {
  const reset = Number(headers['x-rate-limit-reset']);
  const wait = Math.ceil(reset - Date.now() / 1_000);
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 1), QUARTER_HOUR) : QUARTER_HOUR;
}
