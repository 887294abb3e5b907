import { CodedError } from '#observability';
import type { Method, Provider } from '#providers';

const refused = (reason: string): CodedError =>
  new CodedError('proxy.path_not_allowed', `The path behind /proxy/ ${reason}.`);

/** RFC 3986 3.3: what a path consists of. */
const PATH = /^(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9a-f]{2})+$/i;
/** Visible ASCII without what no query has in the clear. Square and curly brackets are usual in the queries of some platforms. */
const QUERY = /^(?:[!$&-;=?-[\]^-~]|%[0-9a-f]{2})*$/i;
/** Servers, and proxies before them, may decode more than once. */
const MAX_DECODINGS = 5;
/** Token endpoints: only the exchanger calls them, because a token may be spent there. */
const TOKEN_ENDPOINT = /^(oauth2?|access_token|refresh_access_token)$/i;
/** A name with a top-level domain, or an IPv4 address; `v25.0` is neither. */
const HOST = /^(([a-z0-9-]+\.)+[a-z]{2,}|\d+(\.\d+){3})\.?$/i;

/**
 * Whether a path and its query, as a client sent them, stay below the URL of a provider's API, however often the platform decodes
 * them. Throws proxy.path_not_allowed.
 */
export function checkApiTarget(target: string): void {
  const { path, query } = split(target);
  if (!PATH.test(path)) throw refused('has a character that is not allowed in a path, or is empty');
  if (!QUERY.test(query)) throw refused('has a character that is not allowed in a query');
  const slashes = path.split('/').length;
  for (const text of decodings(path)) checkDecoded(text, slashes);
}

function checkDecoded(text: string, slashes: number): void {
  if (/[\p{Cc}\\]/u.test(text)) throw refused('must have no backslash and no control character, however encoded');
  const segments = text.split('/');
  const [first = ''] = segments;
  if (segments.length !== slashes) throw refused('must have no encoded slash');
  if (segments.slice(0, -1).includes('')) throw refused('must have no empty segment');
  if (/[:@]/.test(first) || HOST.test(first)) throw refused('must not name a scheme, a user or a host');
  for (const segment of segments) checkSegment(segment);
}

function checkSegment(segment: string): void {
  // Some servers cut parameters off a segment: `..;a=1`.
  if (/^\.{1,2}(;|$)/.test(segment)) throw refused('must have no dot segment');
  if (TOKEN_ENDPOINT.test(segment))
    throw refused('must not be a token endpoint: tokens are refreshed and revoked by this service');
}

/** The path as it is, and each text that decoding it once more gives. Some servers also normalize what they decoded. */
function decodings(path: string): string[] {
  const found = [path];
  for (let text = path; text.includes('%');) {
    if (found.length > MAX_DECODINGS) throw refused('is percent-encoded too often');
    const next = decode(text);
    if (next === text) break;
    found.push(next);
    text = next;
  }
  return found.flatMap((text) => [text, text.normalize('NFKC')]);
}

/** A percent sign that encodes nothing stays. Overlong forms of a byte are no UTF-8 and are refused. */
function decode(text: string): string {
  try {
    return text.replace(/(?:%[0-9a-f]{2})+/gi, decodeURIComponent);
  } catch {
    throw refused('must be percent-encoded UTF-8');
  }
}

/**
 * Whether the provider has an API for calls of clients and accepts this one through a proxy: its query names no token, under any
 * name of the provider's calls, and it is none of the calls that the provider denies. Throws proxy.path_not_allowed.
 */
export function checkProviderCall({ title, api }: Provider, method: Method, target: string): void {
  if (!api) throw refused(`has no target: no API of ${title} is known here`);
  const { path, query } = split(target);
  // Some servers also separate parameters by semicolons, and read `name[]` as `name`.
  const parameters = query.split(/[&;]/).map(readParameter);
  if (decodings(path).some((text) => api.isDenied?.({ method, path: text, query: parameters })))
    throw refused('must not be this one: tokens are refreshed, revoked and read through this service only');
  const names = new Set(['access_token', ...(api.tokenParameters ?? [])]);
  const token = parameters.find(({ name }) => names.has(name));
  if (token !== undefined) throw refused(`must not be followed by a token: ${token.name} is put in by this service`);
}

function readParameter(pair: string): { name: string; value: string } {
  const [name = '', ...value] = pair.split('=');
  return { name: plain(name).toLowerCase().replace(/\[.*$/s, '').trim(), value: plain(value.join('=')) };
}

/** The text after every decoding. */
const plain = (encoded: string): string => decodings(encoded.replaceAll('+', ' ')).at(-1) ?? '';

function split(target: string): { path: string; query: string } {
  const at = target.indexOf('?');
  return at < 0 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) };
}
