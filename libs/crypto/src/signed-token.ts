import { randomBytes } from 'node:crypto';
import { Secret } from '#observability';
import type { Keyring } from './keyring.js';
import { isSigned, sign } from './signature.js';

const RANDOM_BYTES = 32;
const FORM = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

/** 256 random bits and our signature over them: a forged one is refused without a query. */
export function mintState(keyring: Keyring): Secret {
  const random = randomBytes(RANDOM_BYTES).toString('base64url');
  return new Secret(`${random}.${sign(keyring, 'state', random)}`);
}

/** 256 random bits that prove a right by being known. Stored as a digest. */
export const newBearerToken = (): Secret => new Secret(randomBytes(RANDOM_BYTES).toString('base64url'));

/** Whether we signed this state, with any of our keys. */
export function isOurState(keyring: Keyring, state: string): boolean {
  const [, random, signature] = FORM.exec(state) ?? [];
  if (!random || !signature) return false;
  return isSigned(keyring, 'state', random, signature);
}
