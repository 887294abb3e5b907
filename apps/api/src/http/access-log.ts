import type { FastifyInstance } from 'fastify';
import type { Logger } from '#observability';

const UNREMARKABLE = /^\/(health\/|metrics$)/;

/** One line a request: the route's pattern, never the path, the query or the body. Health checks and scrapes are not worth one. */
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
    logger[UNREMARKABLE.test(route) ? 'debug' : 'info'](line, 'request');
    done();
  });
}
