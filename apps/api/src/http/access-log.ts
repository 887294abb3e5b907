import type { FastifyInstance } from 'fastify';
import type { Logger } from '#observability';

/** One line a request: the route's pattern, never the path, the query or the body. Health checks are not worth one. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? '(none)' : (request.routeOptions.url ?? '(none)');
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      requestId: request.id,
      credential: request.caller?.credential,
    };
    logger[route.startsWith('/health/') ? 'debug' : 'info'](line, 'request');
    done();
  });
}
