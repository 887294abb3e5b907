import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

const MAPPED_BITS = 96;
/** 2000::/3 is all that IANA assigns as global unicast; ipaddr.js calls every other unassigned range unicast too (`::127.0.0.1`). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Public by its number, but answered by the host of a virtual machine on Azure, with what that machine may read. */
const AZURE_HOST = '168.63.129.16';

/** Which addresses may be called: global unicast, and the ranges that the operator allows. */
export class AddressRule {
  private readonly allowed: Range[];

  /** `allowCidrs`: addresses and ranges, as #config has checked them. */
  constructor(allowCidrs: readonly string[]) {
    this.allowed = allowCidrs.map(parseRange);
  }

  /** IPv4 is four decimal parts, as sockets, resolvers and URL parsers write it; another text, or one with a zone, is refused. */
  accepts(text: string): boolean {
    if (text.includes('%') || !(ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text))) return false;
    const address = ipaddr.process(text);
    return this.isAllowed(address) || isGlobalUnicast(address);
  }

  private isAllowed(address: Address): boolean {
    return this.allowed.some(([first, bits]) => first.kind() === address.kind() && address.match(first, bits));
  }
}

/** Addresses that embed an IPv4 address (6to4, NAT64, Teredo) are no unicast range of ipaddr.js: their gateway could lead inside. */
function isGlobalUnicast(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(GLOBAL_UNICAST) : address.toString() !== AZURE_HOST;
}

function parseRange(entry: string): Range {
  if (!entry.includes('/')) {
    const address = ipaddr.process(entry);
    return [address, address.toByteArray().length * 8];
  }
  const [first, bits] = ipaddr.parseCIDR(entry);
  return first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress()
    ? [first.toIPv4Address(), bits - MAPPED_BITS]
    : [first, bits];
}
