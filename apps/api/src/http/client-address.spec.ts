import { describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { addressOf, limitedAs, trusting } from './client-address.js';

/** The client's address of a request that came from `peer` with this header. */
async function clientOf(
  peer: string,
  forwarded: string | undefined,
  proxies = ['10.0.0.0/8', 'fd00::/8'],
): Promise<string> {
  const fastify = Fastify({ trustProxy: trusting(proxies) });
  fastify.get('/', (request) => addressOf(request));
  const answer = await fastify.inject({
    path: '/',
    remoteAddress: peer,
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  });
  return answer.body;
}

describe("the client's address", () => {
  it.each<[what: string, peer: string, forwarded: string | undefined, client: string]>([
    ["the peer's, without a proxy", '203.0.113.7', undefined, '203.0.113.7'],
    ["the peer's, whatever an untrusted peer claims", '203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['the one that a trusted proxy saw', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    [
      'the rightmost untrusted one: what is before it was written by the client',
      '10.0.0.1',
      '198.51.100.1, 203.0.113.7, 10.2.3.4',
      '203.0.113.7',
    ],
    ['that of the first hop where all are trusted', '10.0.0.1', '10.0.0.9, 10.0.0.8', '10.0.0.9'],
    ['an IPv4 one though it is mapped into IPv6', '::ffff:203.0.113.7', undefined, '203.0.113.7'],
    ['an IPv4 one though it is mapped in hexadecimal', '10.0.0.1', '::ffff:cb00:7107', '203.0.113.7'],
    ['behind a proxy whose address is mapped', '::ffff:10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['without a port', '10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['without brackets and a port', '10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['in one spelling', '10.0.0.1', '2001:0DB8:0:0::7', '2001:db8::7'],
    ['that of the proxy where the header holds no address', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['that of the proxy where the header holds a number', '10.0.0.1', '3405803783', '10.0.0.1'],
    ['that of the last proxy before nonsense', '10.0.0.1', '198.51.100.1, <script>, 10.2.3.4', '10.2.3.4'],
    ['that of the proxy where the header is empty', '10.0.0.1', '', '10.0.0.1'],
  ])('is read as %s', async (_what, peer, forwarded, client) => {
    expect(await clientOf(peer, forwarded)).toBe(client);
  });

  it.each([
    ['a range of IPv4 that is mapped into IPv6', '::ffff:10.0.0.0/104'],
    ['the same range in hexadecimal', '::ffff:a00:0/104'],
    ['one address that is mapped into IPv6', '::ffff:10.0.0.1'],
    ['a range whose address has bits behind the prefix', '10.9.9.9/8'],
  ])('is read behind a proxy that is trusted by %s', async (_what, entry) => {
    expect(await clientOf('10.0.0.1', '203.0.113.7', [entry])).toBe('203.0.113.7');
    expect(await clientOf('::ffff:10.0.0.1', '203.0.113.7', [entry])).toBe('203.0.113.7');
    expect(await clientOf('11.0.0.1', '203.0.113.7', [entry])).toBe('11.0.0.1');
  });

  it("is the peer's where no proxy is trusted", async () => {
    expect(await clientOf('10.0.0.1', '203.0.113.7', [])).toBe('10.0.0.1');
  });
});

describe('a limit by address', () => {
  it('is one for a /64 of IPv6, and one for an address of IPv4', () => {
    expect(limitedAs('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(limitedAs('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64');
    expect(limitedAs('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64');
    expect(limitedAs('203.0.113.7')).toBe('203.0.113.7');
    expect(limitedAs('unknown')).toBe('unknown');
  });
});
