import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '#config';
import type { Logger, Metrics } from '#observability';
import { readRawBodies } from '../push/raw-body.js';
import { logRequests } from './access-log.js';
import { readJsonOnly } from './json-body.js';
import { measureRequests } from './measure-requests.js';
import { problemOf } from './problem.js';
import { sendProblem } from './problem.view.js';
import { requestIdOf } from './request-id.js';
import { rememberRoutes } from './route-methods.js';

const BODY_LIMIT = 102_400;
/** A state is 87 characters; what is longer than this is cut off by the limit of a request line anyway. */
const LONGEST_PARAMETER = 8_192;

/** Fastify as this app speaks through it. */
export function httpAdapter(config: ApiConfig, logger: Logger, metrics: Metrics): FastifyAdapter {
  const { trustedProxies } = config.http;
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: requestIdOf,
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      reply.header('X-Request-Id', request.id);
      sendProblem(reply, problemOf(error));
    },
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    // What is asked with a credential is nobody else's to keep.
    if (request.url.startsWith('/v1/')) reply.header('Cache-Control', 'no-store');
    done();
  });
  rememberRoutes(fastify);
  readJsonOnly(fastify);
  readRawBodies(fastify);
  logRequests(fastify, logger);
  measureRequests(fastify, metrics);
  return adapter;
}
