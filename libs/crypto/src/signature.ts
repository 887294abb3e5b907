import { mac, sameDigest } from './digest.js';
import type { Keyring, Purpose } from './keyring.js';

/** A signature as URL-safe text, by the first master key. */
export const sign = (keyring: Keyring, purpose: Purpose, text: string): string => spell(keyring, purpose, text);

/** Whether any of our keys made this signature. The text is compared, not the bytes: base64 spells the same bytes in four ways. */
export function isSigned(keyring: Keyring, purpose: Purpose, text: string, signature: string): boolean {
  const given = Buffer.from(signature);
  return keyring.ids.some((id) => sameDigest(given, Buffer.from(spell(keyring, purpose, text, id))));
}

function spell(keyring: Keyring, purpose: Purpose, text: string, keyId?: string): string {
  return mac(keyring.subkey(purpose, keyId), text).toString('base64url');
}
