import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiConfig } from '#config';
import { codeOf, type Logger, type Running, settingError } from '#observability';
import { Readiness } from './health/readiness.js';
import { AddressCounts } from './http/address-counts.js';
import { newServer } from './http/adapter.js';

/**
 * Opens the port. Closing: not ready first; after a delay in which load balancers notice it, no new requests; then the
 * running requests end, then everything else.
 */
export async function listen(app: NestFastifyApplication, config: ApiConfig, logger: Logger): Promise<Running> {
  const { host, port, shutdownDelay } = config.http;
  let second: Server | undefined;
  try {
    await app.listen({ port, host });
    second = host === '127.0.0.1' ? await listenOnIpv6(app, config, logger) : undefined;
  } catch (error) {
    await app.close();
    throw codeOf(error) === 'EADDRINUSE'
      ? new Error(`port ${port} is taken; set PORT to another one`)
      : settingError('HOST or PORT', error);
  }
  return {
    close: async () => {
      app.get(Readiness).beginClosing();
      await pause(shutdownDelay);
      await Promise.all([app.getHttpAdapter().getInstance().close(), second && closeGently(second)]);
      await app.close();
    },
  };
}

/**
 * On machines where localhost is ::1 first, 127.0.0.1 alone would not answer to the name people type. Without IPv6 there is
 * no second address; a port that another program has there is an error as on the first.
 */
async function listenOnIpv6(
  app: NestFastifyApplication,
  config: ApiConfig,
  logger: Logger,
): Promise<Server | undefined> {
  const fastify = app.getHttpAdapter().getInstance();
  const server = newServer(
    (request, response) => {
      fastify.routing(request, response);
    },
    { config, logger, counts: app.get(AddressCounts, { strict: false }) },
  );
  try {
    server.listen(config.http.port, '::1');
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') throw error;
    return undefined;
  }
}

/** Takes no new connection, and ends each one when its request is answered. */
async function closeGently(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 100);
  await closed;
  clearInterval(idle);
}
