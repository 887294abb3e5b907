import { createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import type { ApiScope } from '#accounts';
import { CodedError } from '#observability';
import type { Environment, RateLimits, Tenant } from '#persistence';
import { invalid } from '../validation.js';

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
  /** Where attempts of the projects surface may return to; none for a dashboard token. */
  returnHosts: readonly string[];
  /** Requests a minute, where they differ from the defaults. */
  rateLimits: RateLimits | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
}

export const PUBLIC_KEY = 'evergrant:public';

/** A route that requires no credential. Every other route requires one, with a scope (`@Scopes`). */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC_KEY, true);

export const isPublic = (reflector: Reflector, context: ExecutionContext): boolean =>
  reflector.getAllAndOverride<boolean | undefined>(PUBLIC_KEY, [context.getHandler(), context.getClass()]) === true;

/** The caller of a route that is not public. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!caller) throw new Error('a public route has no caller');
  return caller;
});

/** Requires a credential on every route that is not public. */
@Injectable()
export class CallerGuard extends AuthGuard(['api-key', 'dashboard-jwt']) {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    return isPublic(this.reflector, context) || (await super.canActivate(context)) === true;
  }

  override getAuthenticateOptions(): { session: boolean; property: string } {
    return { session: false, property: 'caller' };
  }

  override handleRequest<Found = Caller>(error: unknown, caller: Found | false | null | undefined): Found {
    if (error) throw error as Error;
    if (!caller) {
      throw new CodedError(
        'credential.invalid',
        'A valid API key or dashboard token is needed, as Authorization: Bearer.',
      );
    }
    return caller;
  }
}

/** The environment in `X-Environment`; undefined without that header. */
export function requestedEnvironment(request: FastifyRequest): Environment | undefined {
  const requested = request.headers['x-environment'];
  if (requested === undefined || requested === 'live' || requested === 'test') return requested;
  throw invalid([{ field: 'X-Environment', message: 'must be live or test' }]);
}

/** A key belongs to one environment, so a header with the other one is a mistake of the client. */
export const environmentContradiction = (requested: Environment, actual: Environment): CodedError =>
  new CodedError('environment.contradiction', `X-Environment is ${requested}, but the API key belongs to ${actual}.`);
