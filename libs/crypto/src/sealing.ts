import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret } from '#observability';
import { type Keyring, missingKey } from './keyring.js';

const KEY_BYTES = 32;
const COMMITMENT_BYTES = 32;
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES;

/** The place of a sealed row. A value copied to another place, or replaced by an older version, does not open. */
export interface Place {
  workspaceId: string;
  environment: string;
  table: string;
  rowId: string;
  /** The row's version, as a decimal string. */
  version: string;
}

/** The secrets of a row by column; null where there is none. */
export type RowSecrets<Column extends string> = Record<Column, Secret | null>;

export interface SealedValues<Column extends string> {
  values: Record<Column, Buffer | null>;
  dekWrapped: Buffer;
  kekId: string;
}

/** Seals all secrets of a row under one new data key. */
export function sealRow<Column extends string>(
  keyring: Keyring,
  place: Place,
  secrets: RowSecrets<Column>,
): SealedValues<Column> {
  const dataKey = newDataKey();
  const values = mapColumns(secrets, (secret, column) => {
    if (!secret) return null;
    return seal(dataKey, bytesOf(place, column), Buffer.from(secret.reveal(), 'utf8'));
  });
  const { wrapped, kekId } = wrap(keyring, bytesOf(place, 'dek_wrapped'), dataKey);
  dataKey.fill(0);
  return { values, dekWrapped: wrapped, kekId };
}

/**
 * Opens all secrets of a row. Throws SealBroken, with the row, where a value was not sealed at this place and version, or its
 * master key is missing.
 */
export function openRow<Column extends string>(
  keyring: Keyring,
  place: Place,
  row: SealedValues<Column>,
): RowSecrets<Column> {
  try {
    return openValues(keyring, place, row);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new SealBroken(error.message, { table: place.table, rowId: place.rowId });
  }
}

function openValues<Column extends string>(
  keyring: Keyring,
  place: Place,
  row: SealedValues<Column>,
): RowSecrets<Column> {
  const dataKey = unwrap(keyring, bytesOf(place, 'dek_wrapped'), { wrapped: row.dekWrapped, kekId: row.kekId });
  try {
    return mapColumns(row.values, (value, column) => {
      return value && new Secret(open(dataKey, bytesOf(place, column), value).toString('utf8'));
    });
  } finally {
    dataKey.fill(0);
  }
}

/** Wraps the data key of a row under the first master key; the values stay as they are. Throws SealBroken where it does not open. */
export function rewrapKey(
  keyring: Keyring,
  place: Place,
  row: Pick<SealedValues<string>, 'dekWrapped' | 'kekId'>,
): Pick<SealedValues<string>, 'dekWrapped' | 'kekId'> {
  const bytes = bytesOf(place, 'dek_wrapped');
  const dataKey = unwrap(keyring, bytes, { wrapped: row.dekWrapped, kekId: row.kekId });
  const { wrapped, kekId } = wrap(keyring, bytes, dataKey);
  dataKey.fill(0);
  return { dekWrapped: wrapped, kekId };
}

/** The length precedes each part, so that no two places have the same bytes. */
function bytesOf(place: Place, column: string): Buffer {
  const parts = ['v1', place.workspaceId, place.environment, place.table, column, place.rowId, place.version];
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function mapColumns<Column extends string, From, To>(
  row: Record<Column, From>,
  map: (value: From, column: Column) => To,
): Record<Column, To> {
  const entries = Object.entries(row) as [Column, From][];
  return Object.fromEntries(entries.map(([column, value]) => [column, map(value, column)])) as Record<Column, To>;
}

/** A data key, sealed under a master key. */
export interface WrappedKey {
  wrapped: Buffer;
  kekId: string;
}

/** A data key for one row, replaced with each write. */
export const newDataKey = (): Buffer => randomBytes(KEY_BYTES);

/** `sealed data key | commitment 32`: with the commitment a ciphertext opens under one key only, which GCM alone does not ensure. */
export function wrap(keyring: Keyring, place: Buffer, dataKey: Buffer): WrappedKey {
  const sealed = seal(keyring.subkey('wrap'), place, dataKey);
  return { wrapped: Buffer.concat([sealed, commitment(dataKey)]), kekId: keyring.primaryId };
}

/** Opens a wrapped data key and checks its commitment; throws SealBroken. */
export function unwrap(keyring: Keyring, place: Buffer, { wrapped, kekId }: WrappedKey): Buffer {
  if (!keyring.ids.includes(kekId)) throw new SealBroken(missingKey(kekId));
  const dataKey = open(keyring.subkey('wrap', kekId), place, wrapped.subarray(0, -COMMITMENT_BYTES));
  const stored = wrapped.subarray(-COMMITMENT_BYTES);
  if (!timingSafeEqual(stored, commitment(dataKey))) throw new SealBroken();
  return dataKey;
}

function commitment(dataKey: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, '', 'evergrant/v1/commitment', COMMITMENT_BYTES));
}

/** A sealed value cannot be opened: its key is missing or wrong, the place is another, or the value was changed. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  readonly code = 'crypto.seal_broken';

  /** `row`: where a row of the database does not open. */
  constructor(
    message = 'a sealed value does not open: wrong key, wrong place, or changed',
    readonly row?: Pick<Place, 'table' | 'rowId'>,
  ) {
    super(message);
  }
}

/** AES-256-GCM with the place as additional data: `v1 | nonce 12 | ciphertext | tag 16`. */
export function seal(key: Buffer, place: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(place);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens a value that was sealed with the same key and place. Throws SealBroken otherwise. */
export function open(key: Buffer, place: Buffer, sealed: Buffer): Buffer {
  if (sealed.length < OVERHEAD || sealed[0] !== VERSION) throw new SealBroken();
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(place)
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new SealBroken();
  }
}
