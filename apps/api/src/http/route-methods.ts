import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';

type Routes = ReadonlyMap<string, ReadonlySet<string>>;

const remembered = new WeakMap<FastifyInstance, Routes>();

/** The methods of each route pattern, as the routes were registered. */
export const routesOf = (fastify: FastifyInstance): Routes => remembered.get(fastify) ?? new Map();

/** Remembers every route, so that a path with the wrong method can be told from no path at all (405, RFC 9110 15.5.6). */
export function rememberRoutes(fastify: FastifyInstance): void {
  const routes = new Map<string, Set<string>>();
  remembered.set(fastify, routes);
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    const methods = routes.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    routes.set(url, methods);
  });
}

/** What may be asked of the path of a request that no route took; nothing when the path is unknown. */
export function allowedMethods(request: FastifyRequest): string[] {
  const path = request.url.split('?', 1)[0] ?? '';
  const matching = [...routesOf(request.server)].filter(([pattern]) => covers(pattern, path));
  return [...new Set(matching.flatMap(([, methods]) => [...methods]))].sort();
}

function covers(pattern: string, path: string): boolean {
  if (pattern.includes('*')) return false;
  const segments = pattern.split('/');
  const given = path.split('/');
  return segments.length === given.length && segments.every((segment, at) => fits(segment, given[at] ?? ''));
}

const fits = (segment: string, given: string): boolean => (segment.startsWith(':') ? given !== '' : segment === given);
