import { Resolver as DnsResolver } from 'node:dns/promises';
import { seconds } from '#config';

/** Every address of a name; throws, or returns none, where the name has none. */
export type Resolver = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

const LOOPBACK = ['127.0.0.1', '::1'];

/**
 * Queries the name servers of the machine. `dns.lookup` would hold one of the four threads of the pool for as long as the name server
 * of a tenant is silent, and cannot be cancelled; the price is that the hosts file and search domains are not read.
 */
export const resolveName: Resolver = async (host, signal) => {
  // RFC 6761, 6.3: no name server is involved.
  if (/^localhost\.?$/.test(host)) return LOOPBACK;
  const resolver = new DnsResolver({ timeout: seconds(2), tries: 2 });
  const cancel = (): void => {
    resolver.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const families = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return families.flatMap((family) => (family.status === 'fulfilled' ? family.value : []));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
};
