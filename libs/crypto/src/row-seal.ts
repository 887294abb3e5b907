import { Secret } from '#observability';
import { newDataKey, unwrap, wrap } from './data-key.js';
import type { Keyring } from './keyring.js';
import { open, seal } from './sealed-box.js';

/** Where a sealed row lives. A value copied to any other place, or an older version put back, does not open. */
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

/** Opens all secrets of a row; throws SealBroken when one is not what was sealed at this place and version. */
export function openRow<Column extends string>(
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

/** Length before each part, so that no two places have the same bytes. */
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
