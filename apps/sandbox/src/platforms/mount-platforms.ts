import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Endpoint, type Platform, Refusal, type SandboxDefinition, sandboxes } from '#providers/sandbox';
import { serveAuthorize } from './authorize.js';
import type { CallResult } from './record-call.js';
import { runCall, type Sandbox } from './run-call.js';
import { acceptMultipart } from './multipart.js';
import { mountPath, sandboxRequestOf } from './requests.js';

/** Serves every URL of every imitated platform under its own host and path. */
export async function mountPlatforms(server: FastifyInstance, sandbox: Sandbox): Promise<void> {
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    await scope.register(formbody);
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => {
      done(null);
    });
    for (const definition of sandboxes) mountPlatform(scope, sandbox, definition);
  });
}

function mountPlatform(scope: FastifyInstance, sandbox: Sandbox, definition: SandboxDefinition): void {
  const { authorize, endpoints } = definition;
  scope.route({ method: ['GET', 'POST'], url: mountPath(authorize.url), handler: serveAuthorize(sandbox, definition) });
  for (const endpoint of endpoints) {
    const { method, url, multipart } = endpoint;
    const route = { method, url: mountPath(url), handler: serveEndpoint(sandbox, definition, endpoint) };
    if (multipart) acceptMultipart(scope, route);
    else scope.route(route);
  }
}

const serveEndpoint =
  (sandbox: Sandbox, definition: SandboxDefinition, endpoint: Endpoint) =>
  (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const carryOut = (platform: Platform): CallResult => attempt(endpoint, request, platform);
    const { authorization } = request.headers;
    return runCall(sandbox, { definition, endpoint: endpoint.endpoint, authorization, carryOut }, reply);
  };

function attempt(endpoint: Endpoint, request: FastifyRequest, platform: Platform): CallResult {
  try {
    return { ...endpoint.handle(sandboxRequestOf(request), platform), outcome: 'ok' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...endpoint.refuse(error), outcome: error.reason };
  }
}
