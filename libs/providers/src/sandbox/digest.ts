import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Tokens, codes and secrets are found and compared by this. */
export const digestOf = (value: string): string => createHash('sha256').update(value).digest('base64url');

export const sameDigest = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

/** Unguessable, and safe in a URL. 24 bytes are 192 bits, above the 128 of RFC 6749, 10.10. */
export const randomText = (bytes = 24): string => randomBytes(bytes).toString('base64url');

/**
 * The same number of `digits` digits for the same parts, for platforms that count their users per app. It is odd, so that a
 * parser that reads one above 2^53 as a JSON number gets another.
 */
export function stableNumber(digits: number, ...parts: string[]): string {
  const hash = BigInt(`0x${createHash('sha256').update(parts.join('|')).digest('hex')}`);
  const least = 10n ** BigInt(digits - 1);
  return String((least + (hash % (9n * least))) | 1n);
}

/** The same UUID for the same parts, for platforms whose ids look like one. */
export function stableUuid(...parts: string[]): string {
  const hex = createHash('sha256').update(parts.join('|')).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
