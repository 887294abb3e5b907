/** Headers of one connection (RFC 9110 7.6.1), and headers that proxies add. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

/** Headers between client and service: credentials, addresses, parameters of this API, and those that are set again. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  ...['authorization', 'cookie', 'cookie2', 'host', 'content-length', 'expect'],
  ...['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'client-ip', 'true-client-ip', 'cf-connecting-ip'],
  ...['x-environment', 'x-request-id'],
]);
const NOT_FORWARDED_PREFIXES = ['x-forwarded-', 'x-original-', 'evergrant-'];

/**
 * Of the platform and its own connection or origin alone: cookies, hop-by-hop headers, policies for browsers, and names that this
 * service uses in every answer.
 */
const NOT_ANSWERED = new Set([
  ...HOP_BY_HOP,
  ...['set-cookie', 'set-cookie2', 'date', 'server', 'via', 'x-powered-by', 'alt-svc', 'age'],
  ...['cache-control', 'pragma', 'expires', 'clear-site-data', 'x-request-id', 'ratelimit', 'ratelimit-policy'],
  ...[
    'strict-transport-security',
    'referrer-policy',
    'permissions-policy',
    'origin-agent-cluster',
    'timing-allow-origin',
  ],
  ...['x-content-type-options', 'x-dns-prefetch-control', 'x-download-options', 'x-frame-options'],
  ...['x-permitted-cross-domain-policies', 'x-xss-protection', 'nel', 'report-to', 'reporting-endpoints'],
  ...['refresh', 'sourcemap', 'service-worker-allowed', 'idempotency-replayed'],
]);
const NOT_ANSWERED_PREFIXES = [
  'access-control-',
  'content-security-policy',
  'cross-origin-',
  'evergrant-',
  'ratelimit-',
  'sec-',
];

type Headers = [name: string, value: string][];

/** Names in lower case and values, without what is excluded and what a Connection header names. */
function kept(rawHeaders: readonly string[], names: ReadonlySet<string>, prefixes: readonly string[]): Headers {
  const all: Headers = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    all.push([(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '']);
  const named = new Set(
    all
      .filter(([name]) => name === 'connection')
      .flatMap(([, value]) => value.toLowerCase().split(','))
      .map((name) => name.trim()),
  );
  return all.filter(
    ([name]) => !names.has(name) && !named.has(name) && !prefixes.some((prefix) => name.startsWith(prefix)),
  );
}

/** The headers of a client's request that go to the platform. A header that came several times is one list (RFC 9110 5.3). */
export function forwardedHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of kept(rawHeaders, NOT_FORWARDED, NOT_FORWARDED_PREFIXES))
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  return headers;
}

/** The headers of a platform's answer that go to the client. */
export function answeredHeaders(rawHeaders: readonly string[]): Record<string, string[]> {
  // Without a prototype: a platform may name a header `constructor`.
  const headers = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of kept(rawHeaders, NOT_ANSWERED, NOT_ANSWERED_PREFIXES)) (headers[name] ??= []).push(value);
  return headers;
}
