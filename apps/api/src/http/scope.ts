import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** All that a credential can be allowed to do. */
export const SCOPES = [
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
export type Scope = (typeof SCOPES)[number];

/** What a new key may do only when it is told so. */
export const ON_REQUEST: readonly Scope[] = ['webhooks:write', 'leases:write', 'tokens:read', 'keys:write'];

/** For features to come: a key may have them, and no endpoint asks for them. */
export const RESERVED: readonly Scope[] = [
  'projects:read',
  'projects:write',
  'posts:read',
  'posts:write',
  'webhooks:write',
  'leases:write',
  'tokens:read',
];
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => !ON_REQUEST.includes(scope));

/** A person at the dashboard never reads a token. */
export const DASHBOARD_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'tokens:read');

export const SCOPES_KEY = 'evergrant:scopes';

/** One of these scopes is enough for the route; without the decorator any good credential is. */
export const Scopes = (...oneOf: [Scope, ...Scope[]]): MethodDecorator =>
  applyDecorators(SetMetadata(SCOPES_KEY, oneOf), ApiExtension('x-required-scopes', [...oneOf]));
