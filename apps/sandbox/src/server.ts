import fastify, { type FastifyInstance } from 'fastify';
import { seconds } from '#config';
import { mountControl } from './control/mount-control.js';
import { Problem } from './control/problem.js';
import { mountPages } from './pages/mount-pages.js';
import { mountPlatforms } from './platforms/mount-platforms.js';
import { mountPublishing } from './platforms/mount-publishing.js';
import type { Sandbox } from './platforms/run-call.js';

const LARGEST_BODY = 102_400;
const REQUEST_WITHIN = seconds(30);

/** All that the sandbox serves, not listening yet. */
export async function createServer(sandbox: Sandbox): Promise<FastifyInstance> {
  const server = fastify({
    bodyLimit: LARGEST_BODY,
    forceCloseConnections: true,
    requestTimeout: REQUEST_WITHIN,
    http: { headersTimeout: REQUEST_WITHIN },
  });
  server.addHook('onError', (request, _reply, error, done) => {
    const ours = !(error instanceof Problem) && (error.statusCode ?? 500) >= 500;
    if (ours) sandbox.logger.error({ err: error, path: request.routeOptions.url }, 'request.failed');
    done();
  });
  mountPages(server);
  await mountPlatforms(server, sandbox);
  await mountPublishing(server, sandbox);
  await mountControl(server, sandbox);
  return server;
}
