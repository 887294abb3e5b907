import type { Secret } from '#observability';
import { digest, sameDigest } from './digest.js';

const BEARER = /^bearer +(\S+)$/i;

/** Whether an Authorization header carries this token (RFC 6750 2.1), in the same time wherever the two differ. */
export function carriesToken(header: string | undefined, token: Secret): boolean {
  const given = BEARER.exec(header ?? '')?.[1];
  return given !== undefined && sameDigest(digest(given), digest(token.reveal()));
}
