import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { ApiScope } from '#accounts';
import { CodedError } from '#observability';
import { SCOPES_KEY } from './scope.js';

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
