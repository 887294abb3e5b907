import { createServer, type Server, type Socket } from 'node:net';
import type { z } from 'zod';
import { endWith, type Logger, openSpan } from '#observability';
import { callMessage, eachLine, type ExchangerHealth, type Reply, type TokenExchange } from '#tokens';
import { Draining } from '../gate/gate.js';
import { callsTo, type Carrier } from './calls.js';
import { listenAt } from './listen-at.js';

export interface ExchangeServerOptions {
  exchange: TokenExchange;
  logger: Logger;
  /** Concurrent calls; one more is rejected as `full`. */
  inFlight: number;
  journal(): Pick<ExchangerHealth, 'journalWritable' | 'journalLasts'>;
  /** The reply to the call `metrics`, in Prometheus' text format. */
  metrics?(): string | Promise<string>;
}

/**
 * Offers a TokenExchange on a unix socket: one line of JSON is a call, one line its reply. An accepted call is completed
 * whether its caller waits or not, so callers may end at any moment; only a refresh that still waits for its admission when
 * this process drains is left to the next process, as the reply `draining` reports.
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

  /** Accepts no more calls, and resolves when the accepted ones are answered. */
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
    // A caller that went away is no error of this process.
    caller.on('error', () => undefined);
    eachLine(caller, (message) => {
      const { data } = callMessage.safeParse(message);
      if (data) this.serve(caller, data);
      else send(caller, { id: null, error: 'invalid' });
    });
  }

  /** Ten thousand calls may wait here at once: no async frames, and nothing kept but caller and id. */
  private serve(caller: Socket, { id, call, input, trace }: z.output<typeof callMessage>): void {
    const begun = this.begin(call, input, trace);
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
        const isDraining = error instanceof Draining;
        if (!isDraining) this.options.logger.error({ err: error, call }, 'call.failed');
        this.end(caller, { id, error: isDraining ? 'draining' : 'failed' });
      },
    );
  }

  /** A string: why the call was not begun. */
  private begin(
    call: string,
    input: unknown,
    trace: string | undefined,
  ): Promise<unknown> | NonNullable<Reply['error']> {
    if (call === 'health') return Promise.resolve(this.health());
    if (call === 'metrics') return this.metrics();
    if (this.#drained) return 'draining';
    if (this.#inProgress >= this.options.inFlight) return 'full';
    const carrier = this.#calls.get(call);
    return carrier ? (begunInSpan(carrier, { call, input, trace }) ?? 'invalid') : 'invalid';
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

/** Begins a call in a span below that of its caller. */
function begunInSpan(
  carrier: Carrier,
  { call, input, trace = '' }: { call: string; input: unknown; trace: string | undefined },
): ReturnType<Carrier> {
  const span = openSpan({ name: `exchanger.${call}`, kind: 'server', parent: trace });
  if (!span) return carrier(input);
  const begun = span.enter(() => carrier(input));
  if (!begun) span.end('invalid');
  return begun && endWith(span, begun);
}

function send(caller: Socket, reply: Omit<Reply, 'id'> & { id: number | null }): void {
  if (caller.writable) caller.write(`${JSON.stringify(reply)}\n`);
}
