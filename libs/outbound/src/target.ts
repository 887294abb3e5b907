import { isIP } from 'node:net';

const MAX_URL_CHARACTERS = 2_048;

export type OutboundRefusal = 'scheme' | 'address' | 'credentials' | 'fragment' | 'too_long' | 'malformed';

/** A URL that may be called, apart from its addresses. */
export interface Target {
  secure: boolean;
  origin: string;
  /** Without brackets; an IPv4 address in four decimal parts, however the URL spells it. */
  host: string;
  isLiteral: boolean;
  port: number;
  pathAndQuery: string;
}

/** White space and control characters: a URL parser removes them without a word. */
// oxlint-disable-next-line no-control-regex
const IGNORED_CHARACTERS = /[\s\u0000-\u001f\u007f]/;

export function readTarget(text: string, allowHttp: boolean): Target | OutboundRefusal {
  if (text.length > MAX_URL_CHARACTERS) return 'too_long';
  if (IGNORED_CHARACTERS.test(text) || !URL.canParse(text)) return 'malformed';
  const url = new URL(text);
  return refusalOf(url, allowHttp) ?? targetOf(url);
}

function refusalOf(url: URL, allowHttp: boolean): OutboundRefusal | undefined {
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) return 'scheme';
  if (url.username + url.password !== '') return 'credentials';
  return url.href.includes('#') ? 'fragment' : undefined;
}

function targetOf({ protocol, origin, hostname, port, pathname, search }: URL): Target {
  const secure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    secure,
    origin,
    host,
    isLiteral: isIP(host) !== 0,
    port: Number(port || (secure ? 443 : 80)),
    pathAndQuery: pathname + search,
  };
}
