import { applyDecorators, type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { ApiScope } from '#accounts';
import { CodedError } from '#observability';

const SCOPES_KEY = 'evergrant:scopes';

/** The route requires one of these scopes; without the decorator any valid credential is enough. */
export const Scopes = (...oneOf: [ApiScope, ...ApiScope[]]): MethodDecorator =>
  applyDecorators(SetMetadata(SCOPES_KEY, oneOf), ApiExtension('x-required-scopes', [...oneOf]));

/** Refuses a credential without a scope that the route requires; the error names that scope. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const oneOf = this.reflector.get<ApiScope[] | undefined>(SCOPES_KEY, context.getHandler());
    if (!oneOf) return true;
    const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
    if (caller && oneOf.some((scope) => caller.scopes.includes(scope))) return true;
    throw new CodedError('scope.missing', `The credential lacks the scope ${oneOf.join(' or ')}.`);
  }
}
