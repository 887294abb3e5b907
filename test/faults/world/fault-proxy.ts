import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { WireFault } from '../plan/fault.js';

/** How the wire behaves: a fault begins after `afterBytes` bytes of an answer. */
export interface WireState {
  how: WireFault | 'whole';
  afterBytes: number;
}

const WHOLE: WireState = { how: 'whole', afterBytes: 0 };

/**
 * A connection between the product and a platform. It breaks answers, not requests: a request that never arrived loses no
 * token.
 */
export class FaultProxy {
  #state = WHOLE;
  #server!: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections whose answer was broken. */
  broken = 0;

  constructor(private readonly target: { host: string; port: number }) {}

  async open(): Promise<number> {
    this.#server = createServer((near) => {
      this.#join(near);
    });
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
    return (this.#server.address() as AddressInfo).port;
  }

  set(state: WireState): void {
    this.#state = state;
  }

  mend(): void {
    this.#state = WHOLE;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(near: Socket): void {
    const far = connect(this.target.port, this.target.host);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket
        .setNoDelay(true)
        .on('error', () => undefined)
        .on('close', () => {
          near.destroy();
          far.destroy();
          this.#sockets.delete(socket);
        });
    }
    near.pipe(far);
    let passed = 0;
    far.on('data', (chunk: Buffer) => {
      this.#answer(near, far, chunk, passed);
      passed += chunk.length;
    });
  }

  #answer(near: Socket, far: Socket, chunk: Buffer, passed: number): void {
    const { how, afterBytes } = this.#state;
    const left = Math.max(0, afterBytes - passed);
    if (how === 'whole' || left >= chunk.length) near.write(chunk);
    else if (how === 'split') for (const byte of chunk) near.write(Buffer.from([byte]));
    else this.#break(near, far, chunk.subarray(0, left));
  }

  #break(near: Socket, far: Socket, rest: Buffer): void {
    this.broken += 1;
    near.write(rest);
    const { how } = this.#state;
    if (how === 'reset') near.resetAndDestroy();
    else if (how === 'drop') near.end();
    else far.pause();
  }
}
