import ipaddr from 'ipaddr.js';

/** Whether a host name is this machine: `localhost`, 127.0.0.0/8 or [::1] (RFC 8252 7.3). */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost') return true;
  const address = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}
