import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A reverse proxy that adds its client's address to X-Forwarded-For, as nginx and load balancers do. */
export interface HttpProxy {
  readonly url: string;
  close(): void;
}

/** Opens one in front of `target`, which it calls from the address `from` of this machine. */
export async function openHttpProxy(target: string, from: string): Promise<HttpProxy> {
  const server = createServer((near, answer) => {
    const chain = [near.headers['x-forwarded-for'], near.socket.remoteAddress]
      .flat()
      .filter((one) => one !== undefined)
      .join(', ');
    const headers = { ...near.headers, 'x-forwarded-for': chain };
    const far = send(
      new URL(near.url ?? '/', target),
      { method: near.method ?? 'GET', headers, localAddress: from },
      (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      },
    );
    far.on('error', () => answer.writeHead(502).end());
    near.pipe(far);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
