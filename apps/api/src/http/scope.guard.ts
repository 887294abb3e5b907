import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { CodedError } from '#observability';
import { type Scope, SCOPES_KEY } from './scope.js';

/** Holds a credential to its scopes; says which one would have done. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const oneOf = this.reflector.get<Scope[] | undefined>(SCOPES_KEY, context.getHandler());
    if (!oneOf) return true;
    const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
    if (caller && oneOf.some((scope) => caller.scopes.includes(scope))) return true;
    throw new CodedError('scope.missing', `The credential lacks the scope ${oneOf.join(' or ')}.`);
  }
}
