import { createHash } from 'node:crypto';
import type { Challenge, ChallengeForm } from './records.js';

const sha256 = (verifier: string, encoding: 'base64url' | 'hex'): string =>
  createHash('sha256').update(verifier).digest(encoding);

const written: Readonly<Record<ChallengeForm, (verifier: string) => string>> = {
  'base64url-s256': (verifier) => sha256(verifier, 'base64url'),
  'hex-s256': (verifier) => sha256(verifier, 'hex'),
  plain: (verifier) => verifier,
};

/** Is this the verifier of the challenge (RFC 7636, 4.6)? Not a secret comparison: the challenge was in a browser's address bar. */
export const verifierFits = (challenge: Challenge, verifier: string | undefined): boolean =>
  verifier !== undefined && challenge.forms.some((form) => written[form](verifier) === challenge.value);
