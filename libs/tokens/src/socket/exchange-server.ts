import { createServer, type Server, type Socket } from 'node:net';
import type { z } from 'zod';
import type { Logger } from '#observability';
import type { TokenExchange } from '../token-exchange.js';
import { callsTo, type ReadyCall } from './calls.js';
import { eachLine } from './lines.js';
import { listenAt } from './listen-at.js';
import { callMessage, type ExchangerHealth, type Reply } from './wire.schema.js';

export interface ExchangeServerOptions {
  exchange: TokenExchange;
  logger: Logger;
  /** Calls in progress at the most; one more is told so at once. */
  inFlight: number;
  journal(): Pick<ExchangerHealth, 'journalWritable' | 'journalLasts'>;
  /** What the call `metrics` answers, in Prometheus' text format. */
  metrics?(): string | Promise<string>;
}

type Answer = Omit<Reply, 'id'>;

/**
 * Offers a TokenExchange on a unix socket: a line of JSON is a call, a line its reply. A call that was taken is carried out
 * whether its caller waits or not: callers may die at any moment without harm.
 */
export class ExchangeServer {
  readonly #server: Server;
  readonly #calls: ReturnType<typeof callsTo>;
  readonly #callers = new Set<Socket>();
  readonly #replying = new Set<Promise<void>>();
  #inProgress = 0;
  #draining = false;

  constructor(private readonly options: ExchangeServerOptions) {
    this.#calls = callsTo(options.exchange);
    this.#server = createServer((caller) => { this.listenTo(caller); });
  }

  listen(path: string): Promise<void> {
    return listenAt(this.#server, path);
  }

  /** Takes no more calls, and settles when those under way have been answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.allSettled(this.#replying);
    const closed = new Promise((settle) => this.#server.close(settle));
    for (const caller of this.#callers) caller.destroySoon();
    await closed;
  }

  private listenTo(caller: Socket): void {
    this.#callers.add(caller);
    caller.on('close', () => this.#callers.delete(caller));
    // A caller that went away is no error, and nobody else hears of this one.
    caller.on('error', () => undefined);
    eachLine(caller, (message) => {
      const replying = this.reply(caller, message).finally(() => this.#replying.delete(replying));
      this.#replying.add(replying);
    });
  }

  private async reply(caller: Socket, message: unknown): Promise<void> {
    const { data } = callMessage.safeParse(message);
    const answer = data ? await this.answer(data) : INVALID;
    if (caller.writable) caller.write(`${JSON.stringify({ id: data?.id ?? null, ...answer })}\n`);
  }

  private async answer({ call, input }: z.output<typeof callMessage>): Promise<Answer> {
    try {
      if (call === 'health') return { outcome: this.health() };
      if (call === 'metrics') return { outcome: (await this.options.metrics?.()) ?? '' };
      return await this.take(this.#calls.get(call)?.(input));
    } catch (error) {
      this.options.logger.error({ err: error, call }, 'a call failed');
      return { error: 'failed' };
    }
  }

  private health(): ExchangerHealth {
    return { status: this.#draining ? 'draining' : 'ok', inProgress: this.#inProgress, ...this.options.journal() };
  }

  private async take(call: ReadyCall | undefined): Promise<Answer> {
    if (!call) return INVALID;
    if (this.#draining) return { error: 'draining' };
    if (this.#inProgress >= this.options.inFlight) return { error: 'full' };
    this.#inProgress += 1;
    try {
      return { outcome: await call() };
    } finally {
      this.#inProgress -= 1;
    }
  }
}

const INVALID: Answer = { error: 'invalid' };
