import type { FastifyInstance, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Stored at the beginning, because a closed socket has no address. */
    clientAddress?: string | undefined;
  }
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const IPV6_NETWORK_BITS = 64;
/** The bits of ::ffff:0:0/96, below which RFC 4291 2.5.5.2 maps IPv4. */
const MAPPED_BITS = 96;
const BRACKETED = /^\[([^\]]+)\](?::\d+)?$/;
const ZONE = /%.*$/;
const WITH_PORT = /^(\d{1,3}(?:\.\d{1,3}){3}):\d+$/;

/** Reads an address as peers and proxies write it: in brackets, with a port, an IPv4 one mapped into IPv6. */
function parse(text = ''): Address | undefined {
  const bare = (BRACKETED.exec(text) ?? WITH_PORT.exec(text))?.[1] ?? text;
  const plain = bare.replace(ZONE, '');
  const isWhole = ipaddr.IPv6.isValid(plain) || ipaddr.IPv4.isValidFourPartDecimal(plain);
  return isWhole ? ipaddr.process(plain) : undefined;
}

/** A range of IPv4 may be mapped into IPv6, as `parse` finds an address. */
function rangeOf(entry: string): [Address, number] {
  const address = parse(entry);
  if (address) return [address, address.kind() === 'ipv4' ? 32 : 128];
  const [first, bits] = ipaddr.parseCIDR(entry);
  return first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress() && bits >= MAPPED_BITS
    ? [first.toIPv4Address(), bits - MAPPED_BITS]
    : [first, bits];
}

/** Distinguishes the addresses of trusted proxies from all others. */
export function trusting(proxies: readonly string[]): (address: string) => boolean {
  const ranges = proxies.map(rangeOf);
  return (text) => {
    const address = parse(text);
    return (
      address !== undefined &&
      ranges.some(([range, bits]) => range.kind() === address.kind() && address.match(range, bits))
    );
  };
}

/** Stores the client address of each request before any other hook runs. */
export function recordAddresses(fastify: FastifyInstance): void {
  fastify.decorateRequest('clientAddress', undefined);
  fastify.addHook('onRequest', (request, _reply, done) => {
    addressOf(request);
    done();
  });
}

/**
 * The client's address: the peer's or, behind trusted proxies, the rightmost of X-Forwarded-For that is not one of them. An
 * entry without an address comes from a client or from a faulty proxy: then the hop after it counts.
 */
export function addressOf(request: FastifyRequest): string {
  request.clientAddress ??=
    [...(request.ips ?? [request.ip])]
      .reverse()
      .map(parse)
      .find((address) => address !== undefined)
      ?.toString() ?? 'unknown';
  return request.clientAddress;
}

/** The key of a limit: an IPv4 address, or the /64 that usually belongs to one IPv6 client. */
export function limitedAs(address: string): string {
  const parsed = parse(address);
  if (parsed?.kind() !== 'ipv6') return parsed?.toString() ?? address;
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${IPV6_NETWORK_BITS}`).toString()}/${IPV6_NETWORK_BITS}`;
}
