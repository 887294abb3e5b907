import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { Secret } from '#observability';

export function wholeNumber(least: number, most: number): z.ZodCoercedNumber {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number(message).int(message).min(least, message).max(most, message);
}

export const port = wholeNumber(1, 65_535);
export const webUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL', abort: true })
  .refine((text) => {
    const { username, password, search, hash } = new URL(text);
    return username + password + search + hash === '';
  }, 'must be an http(s) URL without a user, a query and a fragment')
  .transform((text) => text.replace(/\/$/, ''));

const LOOPBACK_HOST = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const isKeySetUrl = (text: string): boolean => {
  const { protocol, hostname, username, password, hash } = new URL(text);
  return (protocol === 'https:' || LOOPBACK_HOST.test(hostname)) && username + password + hash === '';
};

/** Keys that were changed on the way would verify forged tokens, so plain http is for this machine only. */
export const keySetUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL', abort: true })
  .refine(isKeySetUrl, 'must be an https URL (http is for localhost only) without a user and a fragment');

const ESCAPES = 'where the password contains @ : / ? # or %, write that as %40 %3A %2F %3F %23 or %25';

/** The driver decodes the parts of a URL, and its own error names no variable. */
function isDecodable(text: string): boolean {
  try {
    const { username, password, hostname, pathname } = new URL(text);
    for (const part of [username, password, hostname, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

export const secretUrl = (
  protocol: RegExp,
  example: string,
  isWhole: (url: URL) => boolean = () => true,
): z.ZodType<Secret, string> =>
  z
    .string(`is needed, and must be a ${example} URL`)
    .transform((text) => text.trim())
    .refine((text) => protocol.test(/^([a-z]+):\/\//i.exec(text)?.[1] ?? ''), {
      error: `must be a ${example} URL`,
      abort: true,
    })
    .refine(isDecodable, { error: `must be a ${example} URL; ${ESCAPES}`, abort: true })
    .refine(
      (text) => isWhole(new URL(text)),
      `must name a host and a database: ${example}user:password@host:5432/database`,
    )
    .transform((text) => new Secret(text));

/** `<STORE>_PASSWORD` and its file: the password of a URL that is written without one. */
export const password = <Store extends string>(store: Store) =>
  ({ [`${store}_PASSWORD`]: z.string().optional(), [`${store}_PASSWORD_FILE`]: z.string().optional() }) as Record<
    `${Store}_PASSWORD` | `${Store}_PASSWORD_FILE`,
    z.ZodOptional<z.ZodString>
  >;

export function withPassword(given: Secret, plain: string | undefined): Secret {
  const url = new URL(given.reveal());
  if (plain === undefined || url.password !== '') return given;
  url.password = encodeURIComponent(plain);
  return new Secret(url.href);
}

/** Without a database name the driver uses the user's name, without a host this machine; a URL without them is a mistake. */
export const namesDatabase = ({ hostname, pathname, searchParams }: URL): boolean =>
  (hostname !== '' || searchParams.has('host')) && pathname.length > 1;

/** IPv4 is written in four decimal parts: ipaddr.js reads `172.16/12` as the public range 172.0.0.16/12. */
const isAddress = (text: string): boolean => ipaddr.IPv6.isValid(text) || ipaddr.IPv4.isValidFourPartDecimal(text);

const MAPPED_BITS = 96;

/** A range of every address (`/0`) would let each client choose its own address. */
function isRange(address: string, entry: string): boolean {
  if (!isAddress(address) || address.includes('%') || !ipaddr.isValidCIDR(entry)) return false;
  const [first, bits] = ipaddr.parseCIDR(entry);
  return bits > (first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress() ? MAPPED_BITS : 0);
}

function isProxy(entry: string): boolean {
  const [address = '', ...bits] = entry.split('/');
  return bits.length === 0 ? isAddress(address) : isRange(address, entry);
}

export const proxies = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  )
  .superRefine((entries, context) => {
    const wrong = entries.find((entry) => !isProxy(entry));
    if (wrong === undefined) return;
    const message = `must be addresses or CIDR ranges, comma separated, and not every address (/0): "${wrong}" is none`;
    context.addIssue({ code: 'custom', message });
  });

export const count = (byDefault: number): z.ZodDefault<z.ZodCoercedNumber> =>
  wholeNumber(1, 1_000_000).default(byDefault);

/** The folder of a development installation: sockets, journal, embedded database. */
export const homeFolder = z.string().default('.evergrant');
