/** Everything that an API key or a dashboard token can be allowed to do. */
export const API_SCOPES = [
  'accounts:read',
  'accounts:write',
  'oauth:write',
  'apps:read',
  'apps:write',
  'projects:read',
  'projects:write',
  'posts:read',
  'posts:write',
  'webhooks:write',
  'leases:write',
  'tokens:read',
  'keys:write',
] as const;
export type ApiScope = (typeof API_SCOPES)[number];

/** A new key has these only if its request names them. */
export const ON_REQUEST_SCOPES: readonly ApiScope[] = ['webhooks:write', 'leases:write', 'tokens:read', 'keys:write'];

/** For later features: a key may have them, and no endpoint requires them. */
export const RESERVED_SCOPES: readonly ApiScope[] = ['posts:read', 'posts:write'];
export const DEFAULT_SCOPES: readonly ApiScope[] = API_SCOPES.filter((scope) => !ON_REQUEST_SCOPES.includes(scope));

/** A dashboard token never reads platform tokens. */
export const DASHBOARD_SCOPES: readonly ApiScope[] = API_SCOPES.filter((scope) => scope !== 'tokens:read');
