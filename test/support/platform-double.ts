import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An authorization server with an API, at which tests decide what the API answers. One person, one token. */
export class PlatformDouble {
  static readonly token = 'canary-platform-token-1f6b2c';
  /** The requests of the API, oldest first. */
  readonly seen: IncomingMessage[] = [];
  answer: RequestListener = (_request, response) => response.end('{}');
  #server: Server | undefined;

  async open(): Promise<this> {
    this.#server = createServer((request, response) => {
      if (request.url?.startsWith('/api/')) {
        this.seen.push(request);
        this.answer(request, response);
      } else {
        request.resume();
        response.setHeader('content-type', 'application/json').end(JSON.stringify(this.#grant(request.url)));
      }
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return this;
  }

  close(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  /** An entry of CUSTOM_PROVIDERS_FILE. */
  get definition(): object {
    const { origin } = this;
    return {
      name: 'double',
      title: 'Double',
      authorize: { url: `${origin}/authorize`, pkce: true },
      token: { url: `${origin}/token`, clientAuthentication: 'client_secret_basic' },
      refresh: { mode: 'static' },
      identity: { url: `${origin}/me`, id: 'sub' },
      api: { url: `${origin}/api/` },
      scopes: { default: ['read'] },
    };
  }

  #grant(url = ''): object {
    if (url.startsWith('/me')) return { sub: 'person-1' };
    return { access_token: PlatformDouble.token, token_type: 'bearer', expires_in: 7_200, refresh_token: 'refresh-1' };
  }
}
