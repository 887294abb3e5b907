import type { TokenExchange } from '../token-exchange.js';
import { callsTo } from './calls.js';
import type { SocketCall } from './call-connection.js';
import type { Connection } from './patient-call.js';
import type { Reply } from './wire.schema.js';

/**
 * An exchanger within the calling process, for tests of one process: calls and outcomes pass through the format of the wire
 * all the same, so that what production could not send fails here too.
 */
export class InProcessConnection implements Connection {
  readonly #calls: ReturnType<typeof callsTo>;

  constructor(private readonly exchange: TokenExchange & Required<Pick<Connection, 'drain'>>) {
    this.#calls = callsTo(exchange);
  }

  async call({ name, input }: SocketCall): Promise<Reply> {
    const begun = this.#calls.get(name)?.(JSON.parse(input.reveal()));
    if (!begun) return { id: 0, error: 'invalid' };
    return { id: 0, outcome: JSON.parse(JSON.stringify(await begun)) as unknown };
  }

  drain(): Promise<void> {
    return this.exchange.drain();
  }
}
