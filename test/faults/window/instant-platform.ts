import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The reply to one token request; undefined: none is sent yet. */
export type Responder = (refreshToken: string, response: ServerResponse) => void;

/** A token endpoint in this process: it answers at once, and its answers can be followed by a signal within microseconds. */
export class InstantPlatform {
  readonly #server = createServer((request, response) => {
    void this.answer(request, response);
  });
  #issued = 0;
  /** Called in the turn of the event loop in which the answer was handed to the operating system. */
  onAnswered: (refreshToken: string) => void = () => undefined;
  respond: Responder = (token, response) => {
    this.rotate(token, response);
  };

  async open(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  rotate(token: string, response: ServerResponse): void {
    this.#issued += 1;
    const pair = {
      access_token: `access-${this.#issued}`,
      refresh_token: `refresh-${this.#issued}`,
      token_type: 'bearer',
      expires_in: 7_200,
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(pair), () => {
      this.onAnswered(token);
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    this.respond(form.get('refresh_token') ?? '', response);
  }
}
