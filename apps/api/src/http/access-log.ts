import type { FastifyInstance } from 'fastify';
import type { Logger, RefusedConnection } from '#observability';
import { addressOf } from './client-address.js';

const UNREMARKABLE = /^\/(health\/|metrics$)/;

/** One line a request: the client's address and the route's pattern, never the path, the query or the body. Health checks and scrapes are not worth one. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? '(none)' : (request.routeOptions.url ?? '(none)');
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      requestId: request.id,
      client: addressOf(request),
      credential: request.caller?.credential,
    };
    logger[UNREMARKABLE.test(route) ? 'debug' : 'info'](line, 'request');
    done();
  });
}

/** The same line for a request that never became one. Its peer may be a proxy: without headers the client is not known. */
export const logRefused =
  (logger: Logger) =>
  ({ status, requestId, address }: RefusedConnection): void => {
    logger.info({ route: '(none)', status, requestId, client: address }, 'request');
  };

const ONCE_IN = 60_000;

/** Says that connections are dropped, at most once a minute: a flood must not fill the log as well. */
export function dropLog(logger: Logger): (address: string | undefined) => void {
  let dropped = 0;
  let toldAt = -ONCE_IN;
  return (address) => {
    dropped += 1;
    if (performance.now() - toldAt < ONCE_IN) return;
    toldAt = performance.now();
    logger.warn(
      { client: address, dropped },
      'connections are dropped: MAX_CONNECTIONS or MAX_CONNECTIONS_PER_ADDRESS is reached',
    );
    dropped = 0;
  };
}
