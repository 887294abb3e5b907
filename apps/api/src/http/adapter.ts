import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestListener, Server } from 'node:http';
import type { ApiConfig } from '#config';
import { CodedError, type Logger, type Metrics, newHttpServer } from '#observability';
import { newPublicId } from '#persistence';
import { readRawBodies } from './raw-body.js';
import { streamBodies, takesLargeBody } from './streamed-body.js';
import { type AddressCounts, showAddressLimits } from './address-counts.js';
import { addressOf, recordAddresses, trusting } from './client-address.js';
import {
  addSecurityHeaders,
  dropLog,
  forbidCaching,
  logRefused,
  logRequests,
  measureRequests,
  recordRoutes,
  requestIdOf,
  securityHeaders,
  sendRequestIds,
} from './hooks.js';
import { readJsonOnly } from './json-body.js';
import { contentOf, problemOf, problemOfCode, sendProblem, sendProblemOrPage } from './problem.js';
import { traceRequests } from './request-spans.js';

const MAX_BODY_BYTES = 102_400;
/** A state has 87 characters; the limit of a request line is below this length anyway. */
const MAX_PARAMETER_LENGTH = 8_192;

/** What a server and its adapter are made of. */
export interface HttpOptions {
  config: ApiConfig;
  logger: Logger;
  metrics: Metrics;
  counts: AddressCounts;
}

/** Fastify with the limits, hooks and parsers of this app. */
export function httpAdapter(options: HttpOptions): FastifyAdapter {
  const { config, logger, metrics, counts } = options;
  const { trustedProxies, publicUrl } = config.http;
  const headers = securityHeaders(publicUrl);
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: requestIdOf,
    trustProxy: trustedProxies.length > 0 ? trusting(trustedProxies) : false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    serverFactory: (handler: RequestListener) => newServer(handler, options),
    // The server answers these errors itself; Fastify would send a second response.
    clientErrorHandler: () => undefined,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.headers({ ...headers, ...counts.headersFor(addressOf(request)), 'X-Request-Id': request.id });
      sendProblemOrPage(request, reply, problemOf(error));
    },
  });
  const fastify = adapter.getInstance();
  traceRequests(fastify);
  recordAddresses(fastify);
  showAddressLimits(fastify, counts);
  addSecurityHeaders(fastify, headers);
  sendRequestIds(fastify);
  forbidCaching(fastify);
  logRequests(fastify, logger);
  measureRequests(fastify, metrics);
  refuseOtherHttp(fastify);
  recordRoutes(fastify);
  readJsonOnly(fastify);
  readRawBodies(fastify);
  streamBodies(fastify);
  return adapter;
}

/** One server for each address at which the API listens. */
export function newServer(handler: RequestListener, { config, logger, counts }: Omit<HttpOptions, 'metrics'>): Server {
  const { http, limits } = config;
  const headers = securityHeaders(http.publicUrl);
  return newHttpServer({
    handler,
    mayTakeLong: takesLargeBody,
    // Without headers the client behind a proxy is unknown: the limit is that of the peer.
    headers: (peer) => ({ ...headers, ...counts.headersFor(peer) }),
    newRequestId: () => newPublicId('req'),
    contentOf: ({ code, ...place }) => contentOf(problemOfCode(code), place),
    most: limits.connections,
    mostPerAddress: limits.connectionsPerAddress,
    isTrusted: trusting(http.trustedProxies),
    onRefused: logRefused(logger),
    onDropped: dropLog(logger),
  });
}

/**
 * Only HTTP/1.0 and 1.1 are supported; a request of 1.1 names one host (RFC 9112 3.2). Node keeps the first of two types of a
 * body, and a proxy may have read the other one.
 */
function refuseOtherHttp(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { httpVersion, rawHeaders } = request.raw;
    const hosts = countHeader(rawHeaders, 'host');
    if (!/^1\.[01]$/.test(httpVersion))
      refuse(reply, 'http_version.unsupported', 'Only HTTP/1.1 and HTTP/1.0 are spoken here.');
    else if (hosts > 1 || (hosts === 0 && httpVersion === '1.1'))
      refuse(reply, 'request.malformed', 'The request must have one Host header.');
    else if (countHeader(rawHeaders, 'content-type') > 1)
      refuse(reply, 'request.malformed', 'The request must have one Content-Type header.');
    else done();
  });
}

const countHeader = (rawHeaders: readonly string[], header: string): number =>
  rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === header).length;

function refuse(reply: FastifyReply, code: string, sentence: string): void {
  reply.header('Connection', 'close');
  sendProblem(reply, problemOf(new CodedError(code, sentence)));
}
