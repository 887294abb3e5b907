import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { Logger, Metrics, RefusedConnection } from '#observability';
import { newPublicId } from '#persistence';
import { addressOf } from './client-address.js';
import { uuidOf } from './fields.js';

const ACCEPTED_REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The id in `X-Request-Id` where its characters are safe in headers and logs, otherwise a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && ACCEPTED_REQUEST_ID.test(given) ? given : newPublicId('req');
}

export function sendRequestIds(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    done();
  });
}

/** Responses under /v1/ belong to a credential, so no cache may keep them. */
export function forbidCaching(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/v1/')) reply.header('Cache-Control', 'no-store');
    done();
  });
}

/** Nothing in a response may be run, loaded or framed. A page names its style in a policy of its own. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Swagger UI needs its own scripts and styles, and styles in its elements. */
const SWAGGER = [
  "default-src 'self'",
  "base-uri 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  "script-src 'self'",
  "script-src-attr 'none'",
  "style-src 'self' 'unsafe-inline'",
].join('; ');

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/**
 * The headers of every response, whether page, redirect, problem or empty. Cross-Origin-Opener-Policy is not among them: the
 * callback may run in a window that the customer's page opened, and that page must be able to observe the end.
 */
export const securityHeaders = (publicUrl: string): Record<string, string> => ({
  'Content-Security-Policy': NOTHING,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Origin-Agent-Cluster': '?1',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-DNS-Prefetch-Control': 'off',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'DENY',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '0',
  ...(publicUrl.startsWith('https:') && { 'Strict-Transport-Security': `max-age=${YEAR_SECONDS}` }),
});

/** The files of the documentation are small and change with a release only: a range may be ignored (RFC 9110 14.2). */
function sendWhole({ raw: { headers } }: FastifyRequest): void {
  delete headers.range;
  delete headers['if-match'];
  delete headers['if-unmodified-since'];
}

/** Covers every response of Fastify; the parser and the router set these headers on their own responses. */
export function addSecurityHeaders(fastify: FastifyInstance, headers: Readonly<Record<string, string>>): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.headers({ ...headers });
    if (request.routeOptions.url?.startsWith('/docs')) {
      reply.header('Content-Security-Policy', SWAGGER);
      sendWhole(request);
    }
    done();
  });
}

/** The template of the route: a path holds ids, which do not belong into logs and would make a metric series each. */
export const routeOf = (request: FastifyRequest): string =>
  request.is404 ? '(none)' : (request.routeOptions.url ?? '(none)');

const PROBE_ROUTES = /^\/(health\/|metrics$)/;

/** Health checks and scrapes, which come every few seconds. */
export const isProbeOfOperator = (route: string): boolean => PROBE_ROUTES.test(route);

const accounts = new WeakMap<FastifyRequest, string>();

/** Names the account of a request whose path has none, for its log line and its span. */
export function nameAccount(request: FastifyRequest, accountId: string): void {
  accounts.set(request, accountId);
}

/** The account that the path or the use case names, as the id of its row. */
export function accountIdOf(request: FastifyRequest): string | undefined {
  const { id } = (request.params ?? {}) as { id?: unknown };
  return accounts.get(request) ?? (typeof id === 'string' ? (uuidOf('acc', id) ?? uuidOf('sa', id)) : undefined);
}

/**
 * Logs one line a request: the client's address and the template of the route, never the path, the query or the body. Health
 * checks and scrapes are logged at the level debug.
 */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request);
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      requestId: request.id,
      client: addressOf(request),
      credential: request.caller?.credential,
      account: accountIdOf(request),
    };
    logger[isProbeOfOperator(route) ? 'debug' : 'info'](line, 'request.answered');
    done();
  });
}

/** The same line for bytes that the parser refused. The peer may be a proxy: without headers the client is unknown. */
export const logRefused =
  (logger: Logger) =>
  ({ status, requestId, address }: RefusedConnection): void => {
    logger.info({ route: '(none)', status, requestId, client: address }, 'request.answered');
  };

const DROP_LOG_INTERVAL_MS = 60_000;

/** Logs dropped connections at most once a minute, so that a flood does not fill the log. */
export function dropLog(logger: Logger): (address: string | undefined) => void {
  let dropped = 0;
  let loggedAt = -DROP_LOG_INTERVAL_MS;
  return (address) => {
    dropped += 1;
    if (performance.now() - loggedAt < DROP_LOG_INTERVAL_MS) return;
    loggedAt = performance.now();
    logger.warn({ client: address, dropped }, 'connections.dropped');
    dropped = 0;
  };
}

export function measureRequests(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const labels = {
      http_request_method: request.method,
      http_route: routeOf(request),
      http_response_status_code: String(reply.statusCode),
    };
    metrics.observe('http_server_request_duration_seconds', labels, reply.elapsedTime / 1_000);
    done();
  });
}

type Routes = ReadonlyMap<string, ReadonlySet<string>>;

const routesByServer = new WeakMap<FastifyInstance, Routes>();

/** The methods of each route template, as the routes were registered. */
export const routesOf = (fastify: FastifyInstance): Routes => routesByServer.get(fastify) ?? new Map();

/** Stores every route, to distinguish a wrong method (405, RFC 9110 15.5.6) from an unknown path (404). */
export function recordRoutes(fastify: FastifyInstance): void {
  const routes = new Map<string, Set<string>>();
  routesByServer.set(fastify, routes);
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    const methods = routes.get(url) ?? new Set();
    for (const name of [method].flat()) methods.add(name);
    routes.set(url, methods);
  });
}

/** The methods of the path of a request without a route; empty when the path is unknown. */
export function allowedMethods(request: FastifyRequest): string[] {
  const path = request.url.split('?', 1)[0] ?? '';
  const matching = [...routesOf(request.server)].filter(([pattern]) => matchesPath(pattern, path));
  return [...new Set(matching.flatMap(([, methods]) => [...methods]))].sort();
}

function matchesPath(pattern: string, path: string): boolean {
  const segments = pattern.split('/');
  const given = path.split('/');
  if (segments.at(-1) === '*') {
    segments.pop();
    // The wildcard of the root stands for paths without a route.
    if (segments.length < 2 || given.length <= segments.length) return false;
    given.length = segments.length;
  }
  return segments.length === given.length && segments.every((segment, at) => matchesSegment(segment, given[at] ?? ''));
}

const matchesSegment = (segment: string, given: string): boolean =>
  segment.startsWith(':') ? given !== '' : segment === given;
