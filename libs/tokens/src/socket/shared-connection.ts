import { CallConnection, type SocketCall } from './call-connection.js';
import type { Reply } from './wire.schema.js';

/** The one connection of a process, opened with its first call and again after it broke. */
export class SharedConnection {
  #open: CallConnection | undefined;
  #opening: Promise<CallConnection> | undefined;

  constructor(private readonly socketPath: string) {}

  async call(call: SocketCall): Promise<Reply> {
    const connection = this.#open?.isOpen ? this.#open : await this.open();
    return connection.call(call);
  }

  private async open(): Promise<CallConnection> {
    this.#opening ??= CallConnection.open(this.socketPath).finally(() => {
      this.#opening = undefined;
    });
    this.#open = await this.#opening;
    return this.#open;
  }
}
