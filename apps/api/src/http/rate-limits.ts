import type { RateClassName } from './rate-class.js';

/** Requests a minute, where the key has no limits of its own. */
export const DEFAULT_LIMITS: Record<RateClassName, number> = { read: 1_200, write: 600, heavy: 60 };
export const WINDOW_SECONDS = 60;

interface Used {
  name: RateClassName | 'public';
  limit: number;
  used: number;
  /** Seconds until the count begins anew. */
  resetAfter: number;
}

/** What is allowed and what is left, as draft-ietf-httpapi-ratelimit-headers-10 writes it. */
export const rateLimitHeaders = ({ name, limit, used, resetAfter }: Used): Record<string, string> => ({
  'RateLimit-Policy': `"${name}";q=${limit};w=${WINDOW_SECONDS}`,
  RateLimit: `"${name}";r=${Math.max(0, limit - used)};t=${resetAfter}`,
});
