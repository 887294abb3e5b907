import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

/** The token endpoint refuses as RFC 6749 5.2 has it, only with any status; the standard's table serves. */
export const classifyToken = (): undefined => undefined;

const MISCONFIGURED: Omit<Failure, 'code'> = { class: 'app', reason: 'app_misconfigured' };
const A_DAY = 24 * 60 * 60;

/** The code decides, never the status: a missing scope comes with 401 and is no dead token. */
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
