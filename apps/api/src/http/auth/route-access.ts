import { Injectable, type OnModuleInit, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { ApiScope } from '#accounts';
import { PUBLIC_KEY } from './caller.js';
import { OPERATOR_KEY, SCOPES_KEY } from './scopes.js';

type Handler = () => unknown;

/** One handler of a controller as HTTP sees it, with what it declares about its callers. */
export interface DeclaredRoute {
  /** `DELETE /v1/accounts/:id`, and in brackets its controller and method. */
  name: string;
  method: string;
  path: string;
  isPublic: boolean;
  isForOperators: boolean;
  scopes: readonly ApiScope[] | undefined;
}

/** Every route of every controller; a route that declares none or several of `@Scopes`, `@ForOperators` and `@Public` stops the start. */
@Injectable()
export class RouteAccess implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const problems = this.routes().flatMap(accessProblems);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  routes(): DeclaredRoute[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const methods = this.scanner.getAllMethodNames(metatype.prototype as object);
      return methods.flatMap((method) => this.#routesOf(metatype as Type, method));
    });
  }

  #routesOf(controller: Type, method: string): DeclaredRoute[] {
    const handler = (controller.prototype as Record<string, Handler | undefined>)[method];
    if (!handler) return [];
    const verb = this.reflector.get<RequestMethod | undefined>(METHOD_METADATA, handler);
    if (verb === undefined) return [];
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_KEY, [handler, controller]) === true;
    const isForOperators = this.reflector.get<boolean | undefined>(OPERATOR_KEY, handler) === true;
    const scopes = this.reflector.get<ApiScope[] | undefined>(SCOPES_KEY, handler);
    return this.#pathsOf(controller).flatMap((base) =>
      this.#pathsOf(handler).map((path) => {
        const route = { method: RequestMethod[verb], path: joinPaths(base, path) };
        return {
          ...route,
          isPublic,
          isForOperators,
          scopes,
          name: `${route.method} ${route.path} (${controller.name}.${method})`,
        };
      }),
    );
  }

  #pathsOf(target: Type | Handler): string[] {
    return [this.reflector.get<string | string[]>(PATH_METADATA, target)].flat();
  }
}

const joinPaths = (base: string, path: string): string =>
  `/${base}/${path}`.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');

/** Sentences about a route whose callers are not declared, or are declared twice. */
const accessProblems = (route: DeclaredRoute): string[] =>
  route.isForOperators ? operatorProblems(route) : scopeProblems(route);

const operatorProblems = ({ name, isPublic, scopes }: DeclaredRoute): string[] =>
  isPublic || scopes ? [`${name} is for operators alone: remove its @Scopes(…) or @Public()`] : [];

function scopeProblems({ name, isPublic, scopes }: DeclaredRoute): string[] {
  if (!isPublic && !scopes?.length)
    return [`${name} declares no scope: add @Scopes('…'), or @Public() if it needs no credential`];
  if (isPublic && scopes) return [`${name} is public, so its @Scopes(…) would have no effect: remove one of the two`];
  return [];
}
