import { freePort } from '../../tools/start/ports.mjs';

/** Two free ports of the loopback, for a service of a test's own. */
export async function freePorts(): Promise<{ port: number; sandboxPort: number }> {
  const port = await freePort();
  let sandboxPort = port;
  while (sandboxPort === port) sandboxPort = await freePort();
  return { port, sandboxPort };
}
