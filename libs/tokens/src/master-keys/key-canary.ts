import { type Keyring, open, seal, SealBroken } from '#crypto';

/** A known text, sealed under a subkey of one master key: it shows whether a key of that id has the right bytes. */
export const sealCanary = (keyring: Keyring, keyId: string): Buffer =>
  seal(keyring.subkey('canary', keyId), Buffer.from(keyId, 'utf8'), Buffer.from('evergrant', 'utf8'));

export function opensCanary(keyring: Keyring, keyId: string, canary: Buffer): boolean {
  try {
    open(keyring.subkey('canary', keyId), Buffer.from(keyId, 'utf8'), canary);
    return true;
  } catch (error) {
    if (error instanceof SealBroken) return false;
    throw error;
  }
}
