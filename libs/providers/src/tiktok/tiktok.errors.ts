import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

const MISCONFIGURED: Omit<Failure, 'code'> = { class: 'app', reason: 'app_misconfigured' };

const TokenError = z.object({ error: z.string(), error_description: z.string() });

/** Under `invalid_request` and `invalid_grant`, which otherwise concern a code or a token: the sentence names the app. */
const APP_SENTENCE =
  /\bclient[ _](key|secret)\b|\b(app|application|client) (is|was|has been) (not |un)?(approved|audited|active|inactive|disabled|suspended|banned|deleted)\b/i;

/** The token endpoint refuses as RFC 6749 5.2 has it, only with any status; the rest is left to the standard's table. */
export function classifyToken({ json }: ReadAnswer): Failure | undefined {
  const { data } = TokenError.safeParse(json);
  return data && APP_SENTENCE.test(data.error_description) ? { ...MISCONFIGURED, code: data.error } : undefined;
}

const A_DAY = 24 * 60 * 60;

/** The code decides, never the status: a missing scope comes with 401, although the token is valid. */
const BY_CODE: Record<string, Omit<Failure, 'code'>> = {
  access_token_invalid: { class: 'permanent', reason: 'grant_revoked' },
  scope_not_authorized: { class: 'permission', reason: 'scope_missing' },
  scope_permission_missed: { class: 'permission', reason: 'scope_missing' },
  spam_risk_user_banned_from_posting: { class: 'owner', reason: 'suspended' },
  rate_limit_exceeded: { class: 'temporary', reason: 'rate_limited', retryAfter: 60 },
  spam_risk_too_many_posts: { class: 'temporary', reason: 'rate_limited', retryAfter: A_DAY },
  reached_active_user_cap: { class: 'app', reason: 'app_paused', retryAfter: A_DAY },
  internal_error: { class: 'temporary', reason: 'provider_unavailable' },
  invalid_client: MISCONFIGURED,
  unauthorized_client: MISCONFIGURED,
  invalid_client_key: MISCONFIGURED,
  client_key_invalid: MISCONFIGURED,
  app_not_approved: MISCONFIGURED,
  unaudited_client_can_only_post_to_private_accounts: MISCONFIGURED,
  url_ownership_unverified: MISCONFIGURED,
};

const Code = z.object({ code: z.string() });
const Wrapped = z.object({ error: Code });

/** The API wraps its errors (`{data, error: {code, message, log_id}}`); one page of its documentation has them flat. */
export function classifyApi({ json }: ReadAnswer): Failure | undefined {
  const code = Wrapped.safeParse(json).data?.error.code ?? Code.safeParse(json).data?.code ?? '';
  const meaning = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  return meaning && { ...meaning, code };
}
