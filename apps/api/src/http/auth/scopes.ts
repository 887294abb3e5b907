import { applyDecorators, type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { ApiScope } from '#accounts';
import { CodedError } from '#observability';
import { isPublic } from './caller.js';

export const SCOPES_KEY = 'evergrant:scopes';

/** The route requires one of these scopes. A route with none of this, `@ForOperators` and `@Public` stops the start, and refuses every caller. */
export const Scopes = (...oneOf: [ApiScope, ...ApiScope[]]): MethodDecorator =>
  applyDecorators(SetMetadata(SCOPES_KEY, oneOf), ApiExtension('x-required-scopes', [...oneOf]));

/** The role in the claim `roles` of a dashboard token. */
const OPERATOR = 'operator';

export const OPERATOR_KEY = 'evergrant:operator';

/** The route is for dashboard tokens with the role operator alone, whatever their workspace. It declares no scope. */
export const ForOperators = (): MethodDecorator =>
  applyDecorators(SetMetadata(OPERATOR_KEY, true), ApiExtension('x-required-role', OPERATOR));

/** Refuses a credential without a scope that the route requires, and every credential where the route declares none. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (isPublic(this.reflector, context)) return true;
    if (this.reflector.get<boolean | undefined>(OPERATOR_KEY, context.getHandler())) return allowOperator(context);
    const oneOf = this.reflector.get<ApiScope[] | undefined>(SCOPES_KEY, context.getHandler());
    if (!oneOf?.length) throw missing('This endpoint declares no scope, so it accepts no credential.');
    const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
    if (caller && oneOf.some((scope) => caller.scopes.includes(scope))) return true;
    throw missing(`The credential lacks the scope ${oneOf.join(' or ')}.`, oneOf[0]);
  }
}

/** A key has no roles, so it is refused even if it comes from an operator. */
function allowOperator(context: ExecutionContext): boolean {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (caller?.kind === 'jwt' && caller.roles.includes(OPERATOR)) return true;
  throw missing('The credential lacks the role operator of a dashboard token.', OPERATOR);
}

const missing = (sentence: string, requiredScope?: string): CodedError =>
  new CodedError('scope.missing', sentence, { details: { ...(requiredScope !== undefined && { requiredScope }) } });
