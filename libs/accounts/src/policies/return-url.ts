import type { Environment } from '#persistence';
import { isLoopbackHost } from '#providers';

const LONGEST = 2_048;
const TOO_LONG = `must be at most ${LONGEST} characters long`;
const BLANK_OR_CONTROL = /[\s\p{Cc}]/u;
const HALF_PAIR = /\p{Cs}/u;
/** What a path may not hold in raw or encoded form: each was a way past a prefix check somewhere. */
const HIDDEN_PATH = /%2f|%5c|%25|%0|%1|%7f|(\.|%2e){2}(;|%3b)|(^|\/)(\.|%2e){1,2}(\/|;|%3b|$)/i;
/** Control characters, line separators and overrides of the writing direction, in the decoded path. */
const HIDDEN_CHARACTER = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
/** What WHATWG parsing leaves of a host; it lets pass `*`, `,` and empty labels. An underscore is no host name (RFC 1123 2.1), and is in use. */
const HOST = /^(\[[0-9a-f:.]+\]|(?!.{254})[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?)$/;
const CONTROL_CHARACTER = /\p{Cc}/u;
const IN_PATH = 'must not contain dot segments, encoded separators or control characters in its path';

/** Why a return URL is refused: one sentence for the caller. */
export type Refusal = string;

/** The parts of a return URL as they are in the text, before any parser corrects them. */
interface Raw {
  text: string;
  authority: string;
  path: string;
  query: string;
}

const RULES: [broken: (raw: Raw) => boolean, refusal: Refusal][] = [
  [({ text }) => text.length > LONGEST, TOO_LONG],
  [({ text }) => HALF_PAIR.test(text), 'must be well-formed Unicode'],
  [({ text }) => BLANK_OR_CONTROL.test(text), 'must not contain white space or control characters'],
  [({ text, authority }) => authority === '' || !URL.canParse(text), 'must be an absolute https URL'],
  [({ authority }) => authority.includes('@'), 'must not contain user information'],
  // WHATWG parsing decodes escapes in a host; other parsers keep them.
  [({ authority }) => authority.includes('%'), 'must not contain percent escapes in its host'],
  [({ text }) => text.includes('\\'), 'must not contain backslashes'],
  [({ path }) => HIDDEN_PATH.test(path), IN_PATH],
  [({ path }) => decoded(path) === undefined, 'must be percent-encoded UTF-8 in its path'],
  [({ path }) => HIDDEN_CHARACTER.test(decoded(path) ?? ''), IN_PATH],
  [({ query }) => decoded(query) === undefined, 'must be percent-encoded UTF-8 in its query'],
  [({ query }) => CONTROL_CHARACTER.test(decoded(query) ?? ''), 'must not contain control characters in its query'],
  [({ text }) => text.includes('#'), 'must not have a fragment'],
];

const PARSED_RULES: [broken: (url: URL) => boolean, refusal: Refusal][] = [
  [({ hostname }) => !HOST.test(hostname), 'must have a host of letters, digits, hyphens and dots'],
  [({ port }) => port === '0', 'must not have port 0'],
  [
    ({ protocol, hostname }) => protocol !== 'https:' && !isLoopbackHost(hostname),
    'must use https, except on loopback hosts',
  ],
  // The serialised URL is what is stored, read again at the callback and sent.
  [({ href }) => href.length > LONGEST, TOO_LONG],
];

/** Reads a return URL strictly: https (http on loopback), nothing that two parsers could read in two ways. */
export function parseReturnUrl(text: string): { url: URL } | { refusal: Refusal } {
  const [, authority = '', path = '', query = ''] = /^https?:\/\/([^/?#]+)([^?#]*)([^#]*)/i.exec(text) ?? [];
  const broken = RULES.find(([isBroken]) => isBroken({ text, authority, path, query }));
  if (broken) return { refusal: broken[1] };
  const url = new URL(text);
  const wrong = PARSED_RULES.find(([isBroken]) => isBroken(url));
  return wrong ? { refusal: wrong[1] } : { url };
}

/** The text with its escapes decoded; undefined where they are no UTF-8, which other parsers decode in other ways. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Reads an entry of an app's list: a return URL without a query and without wildcards, which would be read literally. */
export function parseAllowedUrl(text: string): { url: URL } | { refusal: Refusal } {
  if (text.includes('?')) return { refusal: 'must not have a query' };
  if (/\*|%2a/i.test(text)) return { refusal: 'must not contain *: an entry covers all that is below its path' };
  return parseReturnUrl(text);
}

/**
 * The serialised URL if it is allowed: same origin as an entry, and its path or one that continues it at a `/`. In `test`
 * a loopback host needs no entry: an application under development listens on any port of the machine of its developer.
 */
export function allowReturnUrl(
  text: string,
  allowed: readonly string[],
  environment: Environment,
): { href: string } | { refusal: Refusal } {
  const parsed = parseReturnUrl(text);
  if ('refusal' in parsed) return parsed;
  const isLocalTest = environment === 'test' && isLoopbackHost(parsed.url.hostname);
  const covered = isLocalTest || allowed.some((entry) => covers(new URL(entry), parsed.url));
  return covered ? { href: parsed.url.href } : { refusal: "is not covered by the app's allowed_return_urls" };
}

/**
 * The serialised URL if its host, as it is written and with its port if it has one, is one of these hosts in any case. Another
 * spelling of the same host is another host here: a trailing dot, an address in octal digits, the port that is the default.
 */
export function allowReturnHost(text: string, hosts: readonly string[]): { href: string } | { refusal: Refusal } {
  const parsed = parseReturnUrl(text);
  if ('refusal' in parsed) return parsed;
  const host = authorityOf(text).toLowerCase();
  const isAllowed = hosts.some((allowed) => allowed.toLowerCase() === host);
  return isAllowed
    ? { href: parsed.url.href }
    : { refusal: 'has a host that is not among the return_hosts of the key' };
}

const authorityOf = (text: string): string => /^https?:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';

function covers(entry: URL, url: URL): boolean {
  if (entry.origin !== url.origin) return false;
  const folder = entry.pathname.replace(/\/?$/, '/');
  return url.pathname === entry.pathname || url.pathname.startsWith(folder);
}
