import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** SHA-256: how a random value is looked up without being stored. */
export const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** HMAC-SHA-256. */
export const mac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Equality that takes the same time wherever the two differ. */
export function sameDigest(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
