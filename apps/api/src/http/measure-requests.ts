import type { FastifyInstance } from 'fastify';
import type { Metrics } from '#observability';

/** How long each request took, under the template of its route: a path holds ids, and would make a series each. */
export function measureRequests(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? '(none)' : (request.routeOptions.url ?? '(none)');
    const labels = {
      http_request_method: request.method,
      http_route: route,
      http_response_status_code: String(reply.statusCode),
    };
    metrics.observe('http_server_request_duration_seconds', labels, reply.elapsedTime / 1_000);
    done();
  });
}
