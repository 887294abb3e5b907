import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The public key that dashboard tokens are checked with. */
export interface DashboardKey {
  /** The key in PEM, when the token's header names it (RFC 7515 4.1.4). */
  pemFor(token: string): string | undefined;
}

/** Reads the JWK of that file; it must be on P-256 (ES256) and carry a `kid`. */
export function readDashboardKey(file: string | undefined): DashboardKey | undefined {
  if (file === undefined) return undefined;
  const jwk = JSON.parse(readFileSync(file, 'utf8')) as JsonWebKey & { kid?: unknown };
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256' || typeof jwk.kid !== 'string') {
    throw new Error('JWT_PUBLIC_KEY_FILE: must hold one P-256 public key as a JWK with a kid');
  }
  const { kty, crv, x, y, kid } = jwk;
  // Only the public members, so that a private key put here by mistake is not kept.
  const pem = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
  return { pemFor: (token) => (kidOf(token) === kid ? pem : undefined) };
}

function kidOf(token: string): unknown {
  try {
    const header = Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString('utf8');
    return (JSON.parse(header) as { kid?: unknown } | null)?.kid;
  } catch {
    return undefined;
  }
}
