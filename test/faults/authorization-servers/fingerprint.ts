import { createHash } from 'node:crypto';

/** The form in which tokens are compared and reported: SHA-256 in hex, never the token. */
export const fingerprint = (token: string): string => createHash('sha256').update(token).digest('hex');
