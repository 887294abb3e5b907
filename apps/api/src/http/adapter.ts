import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestListener, Server } from 'node:http';
import type { ApiConfig } from '#config';
import { CodedError, type Logger, type Metrics, newHttpServer } from '#observability';
import { newId } from '#persistence';
import { readRawBodies } from '../push/raw-body.js';
import { dropLog, logRefused, logRequests } from './access-log.js';
import { rememberAddresses, trusting } from './client-address.js';
import { readJsonOnly } from './json-body.js';
import { measureRequests } from './measure-requests.js';
import { problemOf } from './problem.js';
import { answer } from './problem.filter.js';
import { sendProblem } from './problem.view.js';
import { publicId } from './public-id.js';
import { requestIdOf } from './request-id.js';
import { rememberRoutes } from './route-methods.js';
import { addSecurityHeaders, securityHeaders } from './security-headers.js';

const BODY_LIMIT = 102_400;
/** A state is 87 characters; what is longer than this is cut off by the limit of a request line anyway. */
const LONGEST_PARAMETER = 8_192;

/** Fastify as this app speaks through it. */
export function httpAdapter(config: ApiConfig, logger: Logger, metrics: Metrics): FastifyAdapter {
  const { trustedProxies, publicUrl } = config.http;
  const headers = securityHeaders(publicUrl);
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: requestIdOf,
    trustProxy: trustedProxies.length > 0 ? trusting(trustedProxies) : false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    serverFactory: (handler: RequestListener) => newServer(handler, config, logger),
    // The server answers these itself; Fastify's own answer would be a second one.
    clientErrorHandler: () => undefined,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.headers({ ...headers, 'X-Request-Id': request.id });
      answer(request, reply, problemOf(error));
    },
  });
  const fastify = adapter.getInstance();
  rememberAddresses(fastify);
  addSecurityHeaders(fastify, headers);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    // What is asked with a credential is nobody else's to keep.
    if (request.url.startsWith('/v1/')) reply.header('Cache-Control', 'no-store');
    done();
  });
  logRequests(fastify, logger);
  measureRequests(fastify, metrics);
  refuseOtherHttp(fastify);
  rememberRoutes(fastify);
  readJsonOnly(fastify);
  readRawBodies(fastify);
  return adapter;
}

/** A server of this API: it may listen at two addresses. */
export function newServer(handler: RequestListener, { http, limits }: ApiConfig, logger: Logger): Server {
  return newHttpServer({
    handler,
    headers: securityHeaders(http.publicUrl),
    newRequestId: () => publicId('req', newId()),
    most: limits.connections,
    mostPerAddress: limits.connectionsPerAddress,
    isTrusted: trusting(http.trustedProxies),
    onRefused: logRefused(logger),
    onDropped: dropLog(logger),
  });
}

/** HTTP/1.0 and 1.1 are spoken here; a request of 1.1 names one host (RFC 9112 3.2). */
function refuseOtherHttp(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { httpVersion, rawHeaders } = request.raw;
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
    if (!/^1\.[01]$/.test(httpVersion))
      refuse(reply, 'http_version.unsupported', 'Only HTTP/1.1 and HTTP/1.0 are spoken here.');
    else if (hosts > 1 || (hosts === 0 && httpVersion === '1.1'))
      refuse(reply, 'request.malformed', 'The request must have one Host header.');
    else done();
  });
}

function refuse(reply: FastifyReply, code: string, sentence: string): void {
  reply.header('Connection', 'close');
  sendProblem(reply, problemOf(new CodedError(code, sentence)));
}
