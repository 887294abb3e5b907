import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isTracing, type OpenSpan, openSpan } from '#observability';
import { PROVIDER_NAMES } from '#providers';
import { accountIdOf, isProbeOfOperator, routeOf } from './hooks.js';

const spans = new WeakMap<FastifyRequest, OpenSpan>();

/**
 * Opens a span for each request, below that of the caller where it sends a `traceparent` (its `tracestate` is text of a
 * stranger, and is not taken over). The span has the template of the route: a path may hold a state, a query a code.
 */
export function traceRequests(fastify: FastifyInstance): void {
  if (!isTracing()) return;
  fastify.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request);
    if (isProbeOfOperator(route)) {
      done();
      return;
    }
    const span = openSpan({
      name: `${request.method} ${route}`,
      kind: 'server',
      attributes: { 'http.request.method': request.method, 'http.route': route, 'evergrant.request.id': request.id },
      parent: traceparentOf(request) ?? NO_PARENT,
    });
    if (span) spans.set(request, span);
    enter(request, done);
  });
  // The events of a body come outside of the span of its request.
  fastify.addHook('preHandler', (request, _reply, done) => {
    enter(request, done);
  });
  fastify.addHook('onResponse', (request, { statusCode }, done) => {
    const span = spans.get(request);
    span?.set({
      'http.response.status_code': statusCode,
      'evergrant.account.id': accountIdOf(request),
      'evergrant.provider': providerOf(request),
    });
    span?.end(statusCode >= 500 ? String(statusCode) : undefined);
    done();
  });
}

/** A value that is no `traceparent` starts a new trace, whatever span is active. */
const NO_PARENT = '';

function traceparentOf({ headers: { traceparent } }: FastifyRequest): string | undefined {
  return typeof traceparent === 'string' ? traceparent : undefined;
}

function enter(request: FastifyRequest, done: () => void): void {
  const span = spans.get(request);
  if (span) span.enter(done);
  else done();
}

/** The provider in a path, where it is one: any text may stand there. */
function providerOf({ params }: FastifyRequest): string | undefined {
  const { provider } = (params ?? {}) as { provider?: string };
  return PROVIDER_NAMES.find((name) => name === provider);
}
