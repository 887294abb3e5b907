import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { codeOf, type Logger } from '#observability';
import type { TokenExchange } from '../token-exchange.js';
import { callsTo, type ReadyCall } from './calls.js';
import { listenAt } from './listen-at.js';
import { parseJson, readText } from './read-text.js';
import type { ExchangerHealth } from './wire.schema.js';

export interface ExchangeServerOptions {
  exchange: TokenExchange;
  logger: Logger;
  /** Calls in progress at the most; one more is told so at once. */
  inFlight: number;
  journal(): Pick<ExchangerHealth, 'journalWritable' | 'journalLasts'>;
  /** What `GET /metrics` answers, in Prometheus' text format. */
  metrics?(): string | Promise<string>;
}

interface Answer {
  status: number;
  body: object | string;
}

/**
 * Offers a TokenExchange over HTTP on a unix socket. A call that was taken is carried out whether its caller waits or not:
 * callers may die at any moment without harm.
 */
export class ExchangeServer {
  readonly #server: Server;
  readonly #calls: ReturnType<typeof callsTo>;
  readonly #running = new Set<Promise<unknown>>();
  #draining = false;

  constructor(private readonly options: ExchangeServerOptions) {
    this.#calls = callsTo(options.exchange);
    this.#server = createServer((request, response) => void this.serve(request, response));
  }

  listen(path: string): Promise<void> {
    return listenAt(this.#server, path);
  }

  /** Takes no more calls, and settles when those under way have been answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.allSettled(this.#running);
    await new Promise((closed) => this.#server.close(closed));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A caller that went away is no error, and nobody else hears of this one.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    try {
      reply(response, await this.answer(request));
    } catch (error) {
      this.options.logger.error({ err: error, call: pathOf(request) }, 'a call failed');
      reply(response, { status: 500, body: { error: 'failed', code: codeOf(error) } });
    }
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    if (request.method === 'GET') return this.look(pathOf(request));
    const read = request.method === 'POST' && this.#calls.get(pathOf(request));
    if (!read) return { status: 404, body: { error: 'not_found' } };
    if (request.headers['content-type'] !== 'application/json') return { status: 415, body: { error: 'not_json' } };
    const call = read(parseJson(await readText(request)));
    return call ? this.take(call) : { status: 400, body: { error: 'invalid' } };
  }

  private async look(path: string): Promise<Answer> {
    if (path === '/metrics') return { status: 200, body: (await this.options.metrics?.()) ?? '' };
    if (path !== '/health') return { status: 404, body: { error: 'not_found' } };
    const health: ExchangerHealth = {
      status: this.#draining ? 'draining' : 'ok',
      inProgress: this.#running.size,
      ...this.options.journal(),
    };
    return { status: 200, body: health };
  }

  private async take(call: ReadyCall): Promise<Answer> {
    if (this.#draining) return { status: 503, body: { error: 'draining' } };
    if (this.#running.size >= this.options.inFlight) return { status: 503, body: { error: 'full' } };
    const running = call().finally(() => this.#running.delete(running));
    this.#running.add(running);
    return { status: 200, body: await running };
  }
}

const pathOf = (request: IncomingMessage): string => request.url ?? '';

/** Each call has a connection of its own, so none is kept: one that broke is then always a call that broke. */
function reply(response: ServerResponse, { status, body }: Answer): void {
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type, connection: 'close' }).end(isText ? body : JSON.stringify(body));
}
