import { z } from 'zod';
import type { Failure } from '../contract/outcome.js';
import type { ReadAnswer } from '../contract/provider.js';

/** The token endpoint refuses as RFC 6749 5.2 has it, only with any status; the standard's table serves. */
export const classifyToken = (): undefined => undefined;

const ApiError = z.object({ error: z.object({ code: z.string() }) });

/** `error.code` decides: a missing scope comes with 401 and is no dead token. */
const BY_CODE: Record<string, Omit<Failure, 'code'>> = {
  access_token_invalid: { class: 'permanent', reason: 'grant_revoked' },
  scope_not_authorized: { class: 'permission', reason: 'scope_missing' },
  scope_permission_missed: { class: 'permission', reason: 'scope_missing' },
  spam_risk_user_banned_from_posting: { class: 'owner', reason: 'suspended' },
  rate_limit_exceeded: { class: 'temporary', reason: 'rate_limited', retryAfter: 60 },
  internal_error: { class: 'temporary', reason: 'provider_unavailable' },
  invalid_client: { class: 'app', reason: 'app_misconfigured' },
  unauthorized_client: { class: 'app', reason: 'app_misconfigured' },
};

/** The API wraps its errors: `{data, error: {code, message, log_id}}`. */
export function classifyApi({ json }: ReadAnswer): Failure | undefined {
  const { data } = ApiError.safeParse(json);
  const code = data?.error.code ?? '';
  const meaning = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  return meaning && { ...meaning, code };
}
