import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An event that an endpoint has accepted. */
export interface Accepted {
  endpoint: string;
  eventId: string;
  /** The account; an event without one has no order. */
  account: string | null;
  sequence: number;
  at: number;
}

/** How a request is answered; `hang`: not at all. */
export type Answering = (endpoint: string, eventId: string) => number | 'hang';

/** The endpoints of a run: each path is one. What is answered with 2xx counts as accepted. */
export class Sink {
  readonly accepted: Accepted[] = [];
  readonly requests: { endpoint: string; at: number }[] = [];
  answer: Answering = () => 200;
  readonly #server: Server = createServer((request, response) => {
    this.#receive(request, response).catch(() => response.destroy());
  });

  async open(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
  }

  urlOf(endpoint: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${endpoint}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const endpoint = request.url?.slice(1) ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const event = JSON.parse(Buffer.concat(chunks).toString()) as Record<'id' | 'account_id', string> & {
      sequence: number;
    };
    this.requests.push({ endpoint, at });
    const answer = this.answer(endpoint, event.id);
    if (answer === 'hang') return;
    if (answer < 300) {
      const { id: eventId, account_id: account, sequence } = event;
      this.accepted.push({ endpoint, eventId, account, sequence, at });
    }
    response.writeHead(answer).end();
  }
}
