import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '#observability';
import type { PkceMethod } from '../contract/provider.js';

const VERIFIER_BYTES = 48;

/** 64 characters of the unreserved set (RFC 7636 4.1 requires 43 to 128). */
export const newVerifier = (): Secret => new Secret(randomBytes(VERIFIER_BYTES).toString('base64url'));

/** RFC 7636 4.2. */
export const s256: PkceMethod = {
  name: 'S256',
  challenge: (verifier) => createHash('sha256').update(verifier).digest('base64url'),
};

/** S256 in lower-case hex: off the standard, but what some verify. */
export const s256Hex: PkceMethod = {
  name: 'S256',
  challenge: (verifier) => createHash('sha256').update(verifier).digest('hex'),
};
