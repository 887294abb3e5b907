import { createServer } from 'node:net';

/** A TCP port of the loopback that nobody listened on a moment ago. */
export async function freePort() {
  const server = await listen(0, '127.0.0.1');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

function listen(port, host) {
  return new Promise((settle, fail) => {
    const server = createServer().once('error', fail);
    server.listen({ port, host, exclusive: true }, () => settle(server));
  });
}
