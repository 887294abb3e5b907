import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { codeOf, currentTraceparent, Secret } from '#observability';
import { eachLine, requirePrivateDirectory } from './socket.js';
import { type Reply, replyMessage } from './wire.schema.js';
import { seconds } from '#config';

/** No process listens: the call was not made. */
export class NotReached extends Error {
  override readonly name = 'NotReached';
  readonly code = 'exchanger.not_reached';
}

/** The call may have been taken; its reply did not come. */
export class CallBroken extends Error {
  override readonly name = 'CallBroken';
  readonly code = 'exchanger.call_broken';

  /** `late`: the reply timed out. */
  constructor(
    message: string,
    readonly late: boolean,
  ) {
    super(message);
  }
}

export interface SocketCall {
  name: string;
  /** JSON; closed, since it may hold a code. */
  input: Secret;
  /** Milliseconds to wait for the reply. */
  within: number;
}

/** A way to an exchanger. */
export interface Connection {
  /** Throws NotReached and CallBroken. */
  call(call: SocketCall): Promise<Reply>;
  /** What the exchanger reports about itself. Throws NotReached and CallBroken. */
  inspect(name: 'health' | 'metrics'): Promise<unknown>;
  /** Resolves when what it still does for its callers is done. */
  drain?(): Promise<void>;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: CallBroken): void;
  timer: NodeJS.Timeout;
}

/** A connection to the exchanger, on which any number of calls wait for their replies. */
export class CallConnection {
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #broken = 'no reply';

  /** No error holds what was sent. */
  static async open(socketPath: string): Promise<CallConnection> {
    try {
      await requirePrivateDirectory(socketPath);
      const socket = connect(socketPath);
      await once(socket, 'connect');
      return new CallConnection(socket);
    } catch (error) {
      const why = codeOf(error) ?? (error instanceof Error ? error.message : 'unknown');
      throw new NotReached(`the exchanger does not answer (${why})`, { cause: error });
    }
  }

  private constructor(private readonly socket: Socket) {
    // A call that waits for a reply keeps the process running, an idle connection does not.
    socket.unref();
    socket.on('error', (error) => {
      this.#broken = codeOf(error) ?? this.#broken;
    });
    socket.on('close', () => {
      this.interrupt();
    });
    eachLine(socket, (message) => {
      this.receive(message);
    });
  }

  get isOpen(): boolean {
    return this.socket.writable;
  }

  call({ name, input, within }: SocketCall): Promise<Reply> {
    if (!this.socket.writable) return Promise.reject(new NotReached('the exchanger has just gone'));
    const id = (this.#calls += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.take(id)?.reject(new CallBroken(`the exchanger did not reply to ${name} in time`, true));
      }, within);
      this.#waiting.set(id, { resolve, reject, timer });
      const traceparent = currentTraceparent();
      const trace = traceparent === undefined ? '' : `,"trace":"${traceparent}"`;
      this.socket.write(`{"id":${id},"call":"${name}","input":${input.reveal()}${trace}}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(message: unknown): void {
    const { data } = replyMessage.safeParse(message);
    if (data) this.take(data.id)?.resolve(data);
  }

  private interrupt(): void {
    for (const id of this.#waiting.keys())
      this.take(id)?.reject(new CallBroken(`the exchanger interrupted the call (${this.#broken})`, false));
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}

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
