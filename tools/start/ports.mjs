import { createServer } from 'node:net';
import { StartError } from './start-error.mjs';

/** A TCP port of the loopback that was free a moment ago. */
export async function freePort() {
  const server = await listen(0, '127.0.0.1');
  const { port } = server.address();
  await close(server);
  return port;
}

/** Throws a StartError when the port of the API or of the sandbox is taken. */
export async function requireFreePorts({ host, port, sandboxPort }) {
  await requireFree('PORT', port, host);
  await requireFree('SANDBOX_PORT', sandboxPort, '127.0.0.1');
}

/** `localhost` may mean ::1 first: a program that listens only there would get the service's calls. */
async function requireFree(variable, port, host) {
  for (const address of new Set([host, '127.0.0.1', '::1'])) {
    const problem = await listen(port, address).then(close, (error) => error.code);
    if (problem === 'EADDRINUSE') {
      throw new StartError(
        `Port ${port} is taken: another program listens on it. Stop that program, or choose another port: ${variable}=${port + 10} npm start`,
      );
    }
    if (problem === 'EACCES')
      throw new StartError(`Port ${port} is not yours to listen on: set ${variable} to one above 1023.`);
  }
}

function listen(port, host) {
  return new Promise((settle, fail) => {
    const server = createServer().once('error', fail);
    server.listen({ port, host, exclusive: true, ipv6Only: true }, () => settle(server));
  });
}

function close(server) {
  return new Promise((closed) => server.close(() => closed()));
}
