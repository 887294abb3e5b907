import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import type { FieldProblem } from '#observability';
import { PASS_THROUGH_KEY } from './streamed-body.js';
import { PUBLIC_KEY } from './auth/caller.js';
import { invalid, RESERVED_NAMES } from './validation.js';

/**
 * Refuses by name what a route with a credential would ignore: a query where it reads none, a body where it reads none, a
 * query parameter given twice or not percent-encoded. Names within a query or body that is read are the schema's business.
 * Public routes are called by browsers and platforms, which add parameters of their own; what a route hands on is read elsewhere.
 */
@Injectable()
export class StrictInputInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const places = [context.getHandler(), context.getClass()];
    const isExempt = [PUBLIC_KEY, PASS_THROUGH_KEY].some(
      (key) => this.reflector.getAllAndOverride<boolean | undefined>(key, places) === true,
    );
    if (isExempt) return next.handle();
    const { url, body } = context.switchToHttp().getRequest<FastifyRequest>();
    const problems = queryProblems(url, reads(context, RouteParamtypes.QUERY));
    if (!reads(context, RouteParamtypes.BODY)) problems.push(...bodyProblems(body));
    if (problems.length > 0) throw invalid(problems);
    return next.handle();
  }
}

/** Whether the handler has a parameter of that type; Nest's keys are `<type>:<position>`. */
function reads(context: ExecutionContext, type: RouteParamtypes): boolean {
  const routeArguments = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) as
    object | undefined;
  return Object.keys(routeArguments ?? {}).some((name) => name.startsWith(`${type}:`));
}

function queryProblems(url: string, isRead: boolean): FieldProblem[] {
  const start = url.indexOf('?');
  if (start < 0) return [];
  const seen = new Set<string>();
  const problems: FieldProblem[] = [];
  for (const pair of url
    .slice(start + 1)
    .split('&')
    .filter(Boolean)) {
    const [name = ''] = pair.split('=', 1);
    const field = decoded(name) ?? name;
    const message =
      decoded(pair) === undefined
        ? 'must be percent-encoded UTF-8'
        : nameProblem(field, { isRead, isRepeated: seen.has(field) });
    if (message !== undefined) problems.push({ field, message });
    seen.add(field);
  }
  return problems;
}

function nameProblem(
  name: string,
  { isRead, isRepeated }: Record<'isRead' | 'isRepeated', boolean>,
): string | undefined {
  if (!isRead || RESERVED_NAMES.has(name)) return 'is not a known parameter';
  return isRepeated ? 'must be given once' : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function bodyProblems(body: unknown): FieldProblem[] {
  if (body === undefined || body === null) return [];
  if (typeof body !== 'object' || Array.isArray(body)) return [{ field: 'body', message: 'must be empty' }];
  return Object.keys(body).map((field) => ({ field, message: 'is not a known field' }));
}
