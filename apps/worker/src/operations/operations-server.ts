import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type WorkerConfig } from '#config';
import { carriesToken } from '#crypto';
import { LOGGER, type Logger, Metrics, newHttpServer, settingError } from '#observability';
import { newId, publicId } from '#persistence';
import { WORKER_CONFIG } from '../worker-config.js';
import { WorkerReadiness } from './worker-readiness.js';

interface Answer {
  status: number;
  body: string;
  type: string;
}

const json = (status: number, value: object): Answer => ({
  status,
  body: JSON.stringify(value),
  type: 'application/json',
});

/** Supervisors and scrapers need only a few. */
const MAX_CONNECTIONS = 100;

/** The worker's metrics and health on METRICS_PORT. Without that setting it does not listen. */
@Injectable()
export class OperationsServer implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  #server?: Server;

  constructor(
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
    @Inject(Metrics) private readonly metrics: Metrics,
    private readonly readiness: WorkerReadiness,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The port, once the server listens. */
  get port(): number | undefined {
    const address = this.#server?.address();
    return typeof address === 'object' ? address?.port : undefined;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { port } = this.config.metrics;
    if (port === undefined) return;
    const server = newHttpServer({
      handler: (request, response) => void this.answer(request, response),
      newRequestId: () => publicId('req', newId()),
      most: MAX_CONNECTIONS,
      mostPerAddress: MAX_CONNECTIONS,
    });
    server.listen(port, this.config.http.host);
    await once(server, 'listening').catch((error: unknown) => {
      throw settingError('METRICS_PORT', error);
    });
    this.#server = server;
    this.logger.info({ port: this.port }, 'operations.listening');
  }

  /** The server still answers while running jobs end, and reports that the worker is closing. */
  onModuleDestroy(): void {
    this.readiness.beginClosing();
  }

  onApplicationShutdown(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  private async answer({ method, url, headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = method === 'GET' ? await this.find(url?.split('?')[0] ?? '', headers.authorization) : undefined;
    const { status, body, type } = found ?? json(404, { status: 'not_found' });
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
  }

  private async find(path: string, authorization: string | undefined): Promise<Answer | undefined> {
    if (path === '/health/live') return json(200, { status: 'ok' });
    if (path === '/health/ready') return this.ready();
    return path === '/metrics' ? this.getMetrics(authorization) : undefined;
  }

  private async ready(): Promise<Answer> {
    const checks = await this.readiness.checks();
    const ready = checks.every(({ ok }) => ok);
    return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready', checks });
  }

  private async getMetrics(authorization: string | undefined): Promise<Answer> {
    const { token } = this.config.metrics;
    if (token && !carriesToken(authorization, token)) return json(401, { status: 'unauthorized' });
    this.metrics.set('evergrant_queue_up', {}, (await this.readiness.queueAnswers()) ? 1 : 0);
    return { status: 200, body: await this.metrics.text(), type: Metrics.contentType };
  }
}
