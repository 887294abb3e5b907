import { findProvider } from '#providers';

/** How the flow ended, for the browser. */
export type Ending = { connected: string } | { selection_required: string } | { oauth_error: string };

const OURS = ['connected', 'oauth_error', 'connect_token', 'selection_required'];

/** Where the browser goes: `base` with its own query kept letter by letter, and names of ours in it replaced. */
export function landingUrl(base: string, ending: Ending): string {
  const url = new URL(base);
  const kept = url.search.slice(1).split('&').filter((pair) => pair !== '' && !OURS.includes(nameOf(pair)));
  const added = Object.entries(ending).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  url.search = [...kept, ...added].join('&');
  return url.href;
}

const nameOf = (pair: string): string => [...new URLSearchParams(pair).keys()][0] ?? '';

/** Errors a platform's redirect may carry (RFC 6749 4.1.2.1), as reasons of ours. */
const REASONS = {
  unauthorized_client: 'app_misconfigured',
  invalid_scope: 'app_misconfigured',
  unauthorized_scope_error: 'app_misconfigured',
  temporarily_unavailable: 'provider_unavailable',
  server_error: 'provider_unavailable',
} as const;

/** What the platform's `error` parameter means. */
export function reasonOf(provider: string, error: string): 'access_denied' | 'exchange_failed' | (typeof REASONS)[keyof typeof REASONS] {
  if (findProvider(provider)?.authorize.denials.includes(error)) return 'access_denied';
  return Object.hasOwn(REASONS, error) ? REASONS[error as keyof typeof REASONS] : 'exchange_failed';
}
