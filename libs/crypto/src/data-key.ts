import { hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Keyring } from './keyring.js';
import { open, seal, SealBroken } from './sealed-box.js';

const KEY_BYTES = 32;
const COMMITMENT_BYTES = 32;

/** A data key under a master key. */
export interface WrappedKey {
  wrapped: Buffer;
  kekId: string;
}

/** A new data key, used for one row and few writes. */
export const newDataKey = (): Buffer => randomBytes(KEY_BYTES);

/** `sealed data key | commitment 32`: the commitment lets one ciphertext open under one key only (GCM alone does not commit). */
export function wrap(keyring: Keyring, place: Buffer, dataKey: Buffer): WrappedKey {
  const sealed = seal(keyring.subkey('wrap'), place, dataKey);
  return { wrapped: Buffer.concat([sealed, commitment(dataKey)]), kekId: keyring.primaryId };
}

/** Opens a wrapped data key and checks its commitment; throws SealBroken. */
export function unwrap(keyring: Keyring, place: Buffer, { wrapped, kekId }: WrappedKey): Buffer {
  const dataKey = open(keyring.subkey('wrap', kekId), place, wrapped.subarray(0, -COMMITMENT_BYTES));
  const stored = wrapped.subarray(-COMMITMENT_BYTES);
  if (!timingSafeEqual(stored, commitment(dataKey))) throw new SealBroken();
  return dataKey;
}

function commitment(dataKey: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, '', 'evergrant/v1/commitment', COMMITMENT_BYTES));
}
