import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AppCredentials } from '../contract/app-credentials.js';

/** HMAC-SHA-256 with the app's secret, as platforms sign what they send. */
export const signatureOf = ({ clientSecret }: AppCredentials, ...parts: (string | Buffer)[]): Buffer =>
  parts.reduce((hmac, part) => hmac.update(part), createHmac('sha256', clientSecret.reveal())).digest();

/** Equality that takes the same time wherever the two differ. */
export const sameBytes = (left: Buffer, right: Buffer): boolean =>
  left.length === right.length && timingSafeEqual(left, right);
