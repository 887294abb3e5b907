import { createServer, type Server, type Socket } from 'node:net';
import type { z } from 'zod';
import type { Logger } from '#observability';
import { callMessage, eachLine, type ExchangerHealth, type Reply, type TokenExchange } from '#tokens';
import { callsTo } from './calls.js';
import { listenAt } from './listen-at.js';

export interface ExchangeServerOptions {
  exchange: TokenExchange;
  logger: Logger;
  /** Calls in progress at the most; one more is told so at once. */
  inFlight: number;
  journal(): Pick<ExchangerHealth, 'journalWritable' | 'journalLasts'>;
  /** What the call `metrics` answers, in Prometheus' text format. */
  metrics?(): string | Promise<string>;
}

/**
 * Offers a TokenExchange on a unix socket: a line of JSON is a call, a line its reply. A call that was taken is carried out
 * whether its caller waits or not: callers may die at any moment without harm.
 */
export class ExchangeServer {
  readonly #server: Server;
  readonly #calls: ReturnType<typeof callsTo>;
  readonly #callers = new Set<Socket>();
  #inProgress = 0;
  #drained: (() => void) | undefined;

  constructor(private readonly options: ExchangeServerOptions) {
    this.#calls = callsTo(options.exchange);
    this.#server = createServer((caller) => {
      this.listenTo(caller);
    });
  }

  listen(path: string): Promise<void> {
    return listenAt(this.#server, path);
  }

  /** Takes no more calls, and settles when those under way have been answered. */
  async drain(): Promise<void> {
    await new Promise<void>((drained) => {
      this.#drained = drained;
      if (this.#inProgress === 0) drained();
    });
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
      const { data } = callMessage.safeParse(message);
      if (data) this.serve(caller, data);
      else send(caller, { id: null, error: 'invalid' });
    });
  }

  /** Ten thousand calls may wait here at once: no frames of async functions, and nothing held but caller and id. */
  private serve(caller: Socket, { id, call, input }: z.output<typeof callMessage>): void {
    const begun = this.begin(call, input);
    if (typeof begun === 'string') {
      send(caller, { id, error: begun });
      return;
    }
    this.#inProgress += 1;
    void begun.then(
      (outcome) => {
        this.end(caller, { id, outcome });
      },
      (error: unknown) => {
        this.options.logger.error({ err: error, call }, 'a call failed');
        this.end(caller, { id, error: 'failed' });
      },
    );
  }

  /** A text: why it is not begun. */
  private begin(call: string, input: unknown): Promise<unknown> | NonNullable<Reply['error']> {
    if (call === 'health') return Promise.resolve(this.health());
    if (call === 'metrics') return this.metrics();
    if (this.#drained) return 'draining';
    if (this.#inProgress >= this.options.inFlight) return 'full';
    return this.#calls.get(call)?.(input) ?? 'invalid';
  }

  private async metrics(): Promise<string> {
    return (await this.options.metrics?.()) ?? '';
  }

  private end(caller: Socket, reply: Reply): void {
    send(caller, reply);
    this.#inProgress -= 1;
    if (this.#inProgress === 0) this.#drained?.();
  }

  private health(): ExchangerHealth {
    return { status: this.#drained ? 'draining' : 'ok', inProgress: this.#inProgress, ...this.options.journal() };
  }
}

function send(caller: Socket, reply: Omit<Reply, 'id'> & { id: number | null }): void {
  if (caller.writable) caller.write(`${JSON.stringify(reply)}\n`);
}
