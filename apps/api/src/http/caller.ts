import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RateLimits, Tenant } from '#persistence';
import type { Scope } from './scope.js';

/** Who calls, as far as the credential tells. */
export interface Caller {
  tenant: Tenant;
  kind: 'key' | 'jwt';
  /** `key:<uuid>` or `jwt:<workspace uuid>`: what limits count by, attempts belong to and logs name. */
  credential: string;
  /** The API key that calls; undefined for a dashboard token. */
  keyId?: string;
  scopes: readonly Scope[];
  roles: readonly string[];
  /** Requests a minute of its own, where they differ from the defaults. */
  rateLimits: RateLimits | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
}

export const PUBLIC_KEY = 'evergrant:public';

/** A route that asks for no credential; every other one does. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC_KEY, true);

/** The caller of a route that is not public. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!caller) throw new Error('a public route asks for its caller');
  return caller;
});
