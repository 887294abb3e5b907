import { createHash } from 'node:crypto';

/** How tokens are compared and told: SHA-256 in hex, never the token. */
export const fingerprint = (token: string): string => createHash('sha256').update(token).digest('hex');
