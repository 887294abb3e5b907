import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** One request that a receiver of webhooks got. */
export interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  event: {
    id: string;
    type: string;
    account_id: string | null;
    sequence: number | null;
    data: Record<string, unknown>;
  };
}

type Answer = (response: ServerResponse, count: number) => void;

/** A customer's receiver of webhooks, and what it received. */
export class Receiver {
  readonly received: Received[] = [];
  /** By path; the default is 200 with `ok`. */
  readonly answers = new Map<string, Answer>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.note(request.url ?? '', request.headers, Buffer.concat(chunks).toString());
        this.answer(request.url ?? '', response);
      });
    });
  }

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((listening) => receiver.#server.listen(0, '127.0.0.1', listening));
    return receiver;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  at(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }

  /** Waits until `count` requests have come to a path, and returns them. */
  async until(path: string, count: number, seconds = 20): Promise<Received[]> {
    const end = Date.now() + seconds * 1_000;
    while (this.at(path).length < count) {
      if (Date.now() > end) throw new Error(`${path} received ${this.at(path).length} of ${count} in ${seconds} s`);
      await pause(10);
    }
    return this.at(path);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  private note(path: string, headers: IncomingHttpHeaders, body: string): void {
    const event = JSON.parse(body) as Received['event'];
    this.received.push({ path, headers: headers as Record<string, string>, body, event });
  }

  private answer(path: string, response: ServerResponse): void {
    const answer = this.answers.get(path);
    if (answer) answer(response, this.at(path).length);
    else response.end('ok');
  }
}
