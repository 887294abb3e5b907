import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { codeOf, StartError } from './errors.mjs';

const FIRST_PORT = 20_000;
/** Systems take the local ports of outgoing connections from above: such a one could be taken before it is used. */
const PORTS = 12_000;

/**
 * A TCP port of the loopback that was free a moment ago.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (;;) {
    const port = FIRST_PORT + randomInt(PORTS);
    const server = await listen(port, '127.0.0.1').catch(() => undefined);
    if (server) {
      await close(server);
      return port;
    }
  }
}

/**
 * Throws a StartError when the port of the API or of the sandbox is taken.
 * @param {{ host: string, port: number, sandboxPort: number }} settings
 */
export async function requireFreePorts({ host, port, sandboxPort }) {
  await requireFree('PORT', port, host);
  await requireFree('SANDBOX_PORT', sandboxPort, '127.0.0.1');
}

/**
 * `localhost` may mean ::1 first: a program that listens only there would get the service's calls.
 * @param {string} variable
 * @param {number} port
 * @param {string} host
 */
async function requireFree(variable, port, host) {
  for (const address of new Set([host, '127.0.0.1', '::1'])) {
    const problem = await listen(port, address).then(close, codeOf);
    if (problem === 'EADDRINUSE') {
      throw new StartError(
        `Port ${port} is taken: another program listens on it. Stop that program, or choose another port: ${variable}=${port + 10} npm start`,
      );
    }
    if (problem === 'EACCES')
      throw new StartError(`Port ${port} is not yours to listen on: set ${variable} to one above 1023.`);
  }
}

/**
 * @param {number} port
 * @param {string} host
 * @returns {Promise<import('node:net').Server>}
 */
function listen(port, host) {
  return new Promise((settle, fail) => {
    const server = createServer().once('error', fail);
    server.listen({ port, host, exclusive: true, ipv6Only: true }, () => settle(server));
  });
}

/**
 * @param {import('node:net').Server} server
 * @returns {Promise<void>}
 */
function close(server) {
  return new Promise((closed) => server.close(() => closed()));
}
