import { connect as connectTcp, isIPv4, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { seconds } from '#config';
import type { Target } from './target.js';

/** One address that was checked, to be connected to without another resolution. */
export interface Dial {
  address: string;
  port: number;
  /** The name that the certificate must have, and for SNI; undefined for plain http. An address is verified as an address. */
  tlsName: string | undefined;
  signal: AbortSignal;
}

/** Resolves with the connected socket, after the TLS handshake where there is one; rejects with a ConnectError. */
export type Connector = (dial: Dial) => Promise<Socket>;

export class ConnectError extends Error {
  override readonly name = 'ConnectError';

  constructor(readonly code: 'connect' | 'tls') {
    super(`no connection: ${code}`);
  }
}

/** IPv4 first: a machine without a route to IPv6 loses no time. */
const MAX_ADDRESSES_TRIED = 4;
const NEXT_ADDRESS_AFTER = seconds(1);

/** Connects to the first of the checked addresses that accepts. A failed handshake ends the attempt: that host did answer. */
export async function connectToOne(
  { secure, host, port }: Target,
  addresses: readonly string[],
  connector: Connector,
  signal: AbortSignal,
): Promise<Socket> {
  const dial = { port, tlsName: secure ? host.replace(/\.$/, '') : undefined };
  const tried = [...addresses.filter(isIPv4), ...addresses.filter((address) => !isIPv4(address))];
  const [last = '', ...others] = tried.slice(0, MAX_ADDRESSES_TRIED).reverse();
  for (const address of others.reverse()) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(NEXT_ADDRESS_AFTER)]);
    try {
      return await connector({ ...dial, address, signal: limit });
    } catch (error) {
      if (isFinal(error, signal)) throw error;
    }
  }
  return connector({ ...dial, address: last, signal });
}

const isFinal = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || !(error instanceof ConnectError) || error.code === 'tls';

/** `ca`: certificates to trust instead of the public ones. */
export const connectorTrusting =
  (ca?: string): Connector =>
  async ({ address, port, tlsName, signal }) => {
    const socket = connectTcp({ host: address, port, noDelay: true });
    await ready(socket, 'connect', signal, 'connect');
    if (tlsName === undefined) return socket;
    // Explicit, since an environment variable (NODE_TLS_REJECT_UNAUTHORIZED) changes the default.
    const options = { socket, ca, rejectUnauthorized: true, ALPNProtocols: ['http/1.1'] };
    const secured = connectTls({ ...options, host: tlsName, ...(isAddress(tlsName) ? {} : { servername: tlsName }) });
    await ready(secured, 'secureConnect', signal, 'tls');
    return secured;
  };

export const connectSocket = connectorTrusting();

const isAddress = (name: string): boolean => isIPv4(name) || name.includes(':');

function ready(socket: Socket, event: string, signal: AbortSignal, code: 'connect' | 'tls'): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      socket.destroy();
      reject(new ConnectError(code));
    };
    // An error without listener would end the process; this one stays for errors between two steps.
    socket.on('error', fail);
    socket.once('close', fail);
    signal.addEventListener('abort', fail, { once: true });
    socket.once(event, () => {
      socket.off('close', fail);
      signal.removeEventListener('abort', fail);
      resolve();
    });
    if (signal.aborted) fail();
  });
}
