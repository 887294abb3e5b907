import { seconds } from '#config';
import { Secret } from '#observability';
import { CallConnection, type SocketCall } from './call-connection.js';
import type { Connection } from './patient-call.js';
import type { Reply } from './wire.schema.js';

const INSPECTION_TIMEOUT = seconds(2);

/** The one connection of a process, opened with its first call and again after it broke. */
export class SharedConnection implements Connection {
  #open: CallConnection | undefined;
  #opening: Promise<CallConnection> | undefined;

  constructor(private readonly socketPath: string) {}

  async call(call: SocketCall): Promise<Reply> {
    const connection = this.#open?.isOpen ? this.#open : await this.open();
    return connection.call(call);
  }

  /** Uses a connection of its own: whether one can be opened is part of the answer. */
  async inspect(name: 'health' | 'metrics'): Promise<unknown> {
    const connection = await CallConnection.open(this.socketPath);
    try {
      return (await connection.call({ name, input: new Secret('{}'), within: INSPECTION_TIMEOUT })).outcome;
    } finally {
      connection.close();
    }
  }

  private async open(): Promise<CallConnection> {
    this.#opening ??= CallConnection.open(this.socketPath).finally(() => {
      this.#opening = undefined;
    });
    this.#open = await this.#opening;
    return this.#open;
  }
}
