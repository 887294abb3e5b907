import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { settingError } from '#observability';
import { structureProblem } from '../json-body.js';

/** Finds the key that a token's header names, for the algorithm it names; another source of keys is another function. */
export type TokenKeys = JWTVerifyGetKey;

/** Reads the JWK of that file; it must be on P-256 (ES256) and carry a `kid`. Without a file no token has a key. */
export function readTokenKeys(file: string | undefined): TokenKeys {
  if (file === undefined) return () => Promise.reject(new errors.JWKSNoMatchingKey());
  const text = textOf(file);
  try {
    const { kty, crv, x, y, kid } = JSON.parse(text) as JsonWebKey & { kid?: unknown };
    if (kty !== 'EC' || crv !== 'P-256' || typeof kid !== 'string') throw new Error('not such a key');
    // Only the public members, so that a private key put here by mistake is not kept.
    const jwk = createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }).export({ format: 'jwk' });
    return createLocalJWKSet({ keys: [{ ...jwk, kty, kid, alg: 'ES256', use: 'sig' }] });
  } catch {
    // The cause could show a part of the file, which may be a private key.
    throw new Error('JWT_PUBLIC_KEY_FILE: must hold one P-256 public key as a JWK with a kid');
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw settingError('JWT_PUBLIC_KEY_FILE', error);
  }
}

export interface TokenRules {
  keys: TokenKeys;
  algorithms: string[];
  issuer: string;
  audience: string;
}

/** A token is refused by a JOSEError; any other error is a failure of the service. */
export type VerifyToken = (token: string) => Promise<JWTPayload>;

/** Verifies signature, issuer, audience and times with `jose`, and the further rules of RFC 8725. */
export const tokenVerifier =
  ({ keys, ...options }: TokenRules): VerifyToken =>
  async (token) => {
    const [header, claims] = partsOf(token);
    checkHeader(header);
    // JSON that two parsers could read differently is refused before any claim is used.
    if (structureProblem(header) ?? structureProblem(claims))
      throw refused('a name is given twice, or the nesting is too deep');
    const { payload } = await jwtVerify(token, keys, { ...options, requiredClaims: ['exp'] });
    checkTimes(payload);
    return payload;
  };

const refused = (why: string): Error => new errors.JWTInvalid(why);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Header and claims as JSON texts. */
function partsOf(token: string): [header: string, claims: string] {
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every(isBase64url)) throw refused('not three parts in base64url');
  const [header = '', claims = ''] = parts;
  return [jsonOf(header), jsonOf(claims)];
}

/** Whether the text is the one spelling of its bytes (RFC 4648 3.5). */
const isBase64url = (part: string): boolean => Buffer.from(part, 'base64url').toString('base64url') === part;

function jsonOf(part: string): string {
  try {
    const text = utf8.decode(Buffer.from(part, 'base64url'));
    JSON.parse(text);
    return text;
  } catch {
    throw refused('not JSON in UTF-8');
  }
}

/** A JWT, or an access token (RFC 9068): tokens for other purposes have types of their own (RFC 8725 3.11). */
const TYPE = /^(application\/)?(at\+)?jwt$/i;

/** Extensions that would change what is signed or what the claims are; none is supported, and `jose` supports `b64`. */
const EXTENSIONS = ['crit', 'b64', 'cty', 'zip'];

function checkHeader(json: string): void {
  const header = JSON.parse(json) as Record<string, unknown> | null;
  if (typeof header !== 'object' || header === null) throw refused('the header is no object');
  if (typeof header.kid !== 'string') throw refused('the header names no key');
  if (header.typ !== undefined && !(typeof header.typ === 'string' && TYPE.test(header.typ)))
    throw refused('of another type');
  if (EXTENSIONS.some((name) => Object.hasOwn(header, name))) throw refused('with an extension');
}

/** The last second with a year of four digits in ISO 8601; a later time would never expire. */
const MAX_TIME_SECONDS = 253_402_300_799;
/** Seconds by which the clock of the issuer may be ahead. */
const MAX_CLOCK_SKEW_SECONDS = 60;

function checkTimes({ exp, nbf, iat }: JWTPayload): void {
  const times = [exp, nbf, iat].filter((time) => time !== undefined);
  if (!times.every((time) => time >= 0 && time <= MAX_TIME_SECONDS)) throw refused('a time that is none');
  if (iat !== undefined && iat > Date.now() / 1_000 + MAX_CLOCK_SKEW_SECONDS) throw refused('issued in the future');
}
