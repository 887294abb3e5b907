import { type CallbackRefusal, findProvider, type RefusedConsent } from '#providers';

/** How the flow ended, for the browser. */
export type Ending = { connected: string } | { selection_required: string } | { oauth_error: string };

const OURS = ['connected', 'oauth_error', 'connect_token', 'selection_required'];

/** Where the browser goes: `base` with its own query kept letter by letter, and names of ours in it replaced. */
export function landingUrl(base: string, ending: Ending): string {
  const url = new URL(base);
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !OURS.includes(nameOf(pair)));
  const added = Object.entries(ending).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  url.search = [...kept, ...added].join('&');
  return url.href;
}

const nameOf = (pair: string): string => [...new URLSearchParams(pair).keys()][0] ?? '';

/** Errors a platform's redirect may carry (RFC 6749 4.1.2.1, and what platforms add to it), as reasons of ours. */
const REASONS: Record<string, RefusedConsent> = {
  unauthorized_client: 'app_misconfigured',
  invalid_client: 'app_misconfigured',
  invalid_scope: 'app_misconfigured',
  unauthorized_scope_error: 'app_misconfigured',
  scope_not_authorized: 'app_misconfigured',
  unsupported_response_type: 'app_misconfigured',
  redirect_uri_mismatch: 'app_misconfigured',
  application_suspended: 'app_misconfigured',
  temporarily_unavailable: 'provider_unavailable',
  server_error: 'provider_unavailable',
};

/** What the platform's refusal means: the person's no first, then the platform's own terms, then the standard. */
export function reasonOf(provider: string, refusal: CallbackRefusal): RefusedConsent {
  const authorize = findProvider(provider)?.authorize;
  const isDenial = authorize?.denials.some((word) => word === refusal.error || word === refusal.reason);
  return isDenial ? 'access_denied' : (authorize?.refusal?.(refusal) ?? standardReason(refusal.error));
}

function standardReason(error = ''): RefusedConsent {
  return (Object.hasOwn(REASONS, error) ? REASONS[error] : undefined) ?? 'exchange_failed';
}
