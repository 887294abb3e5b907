import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ApiScope } from '#accounts';
import type { RateLimits, Tenant } from '#persistence';

/** The caller of a request, as its credential describes it. */
export interface Caller {
  tenant: Tenant;
  kind: 'key' | 'jwt';
  /** `key:<uuid>` or `jwt:<workspace uuid>`: the identity in rate limits, attempts and logs. */
  credential: string;
  /** The id of the API key; undefined for a dashboard token. */
  keyId?: string;
  scopes: readonly ApiScope[];
  roles: readonly string[];
  /** Requests a minute, where they differ from the defaults. */
  rateLimits: RateLimits | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
}

export const PUBLIC_KEY = 'evergrant:public';

/** A route that requires no credential; every other route requires one. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC_KEY, true);

/** The caller of a route that is not public. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!caller) throw new Error('a public route asks for its caller');
  return caller;
});
