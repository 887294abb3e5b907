import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { Secret } from '#observability';

export function wholeNumber(least: number, most: number): z.ZodCoercedNumber {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number(message).int(message).min(least, message).max(most, message);
}

export const port = wholeNumber(1, 65_535);
export const webUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
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

export const secretUrl = (
  protocol: RegExp,
  example: string,
  isWhole: (url: URL) => boolean = () => true,
): z.ZodType<Secret, string> =>
  z
    .url({
      protocol,
      error: ({ input }) => `${input === undefined ? 'is needed, and ' : ''}must be a ${example} URL`,
      abort: true,
    })
    .refine(
      (text) => URL.canParse(text) && isWhole(new URL(text)),
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

/** An address or a range. A range of every address (`/0`) would let each client choose its own address. */
const isProxy = (entry: string): boolean =>
  ipaddr.isValidCIDR(entry)
    ? ipaddr.parseCIDR(entry)[1] > 0
    : ipaddr.IPv6.isValid(entry) || ipaddr.IPv4.isValidFourPartDecimal(entry);

export const proxies = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  )
  .refine(
    (entries) => entries.every(isProxy),
    'must be addresses or CIDR ranges, comma separated, and not every address (/0)',
  );

export const count = (byDefault: number): z.ZodDefault<z.ZodCoercedNumber> =>
  wholeNumber(1, 1_000_000).default(byDefault);

/** The folder of a development installation: sockets, journal, embedded database. */
export const homeFolder = z.string().default('.evergrant');
