import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Secret } from '#observability';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_BYTES = 32;
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const FORM = /^([a-z]{2,8})_(live|test)_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/** A new API key: `<prefix>_<environment>_` + 256 random bits in base62 + a checksum of the whole before it. */
export function newApiKey(prefix: string, environment: 'live' | 'test'): Secret {
  const random = base62(BigInt(`0x${randomBytes(RANDOM_BYTES).toString('hex')}`), RANDOM_LENGTH);
  const body = `${prefix}_${environment}_${random}`;
  return new Secret(body + checksum(body));
}

/** The environment of a key whose form and checksum are right; a mistyped one is rejected without a query. */
export function readApiKey(prefix: string, text: string): { environment: 'live' | 'test' } | undefined {
  const match = FORM.exec(text);
  if (match?.[1] !== prefix) return undefined;
  if (checksum(text.slice(0, -CHECKSUM_LENGTH)) !== match[4]) return undefined;
  return { environment: match[2] as 'live' | 'test' };
}

/** What of a key may be shown later: enough to recognise it, too little to use it. */
export const shownPrefix = (key: Secret): string => /^[a-z]+_[a-z]+_.{4}/.exec(key.reveal())?.[0] ?? '';

const checksum = (text: string): string => base62(BigInt(crc32(text)), CHECKSUM_LENGTH);

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = ALPHABET.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, '0');
}
