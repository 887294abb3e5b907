import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Two free ports of the loopback, for a service of a test's own. */
export async function freePorts(): Promise<{ port: number; sandboxPort: number }> {
  const servers = [createServer(), createServer()].map((server) => server.listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [port, sandboxPort] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number];
  for (const server of servers) server.close();
  await Promise.all(servers.map((server) => once(server, 'close')));
  return { port, sandboxPort };
}
