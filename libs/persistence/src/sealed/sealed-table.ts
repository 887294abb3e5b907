import type { Tx } from '../tx.js';

/** One sealed row as stored: values under a data key, the data key under a master key. */
export interface SealedRow<Column extends string> {
  /** Bound into every seal of the row; a bigint, so a string. */
  version: string;
  /** The version that the owner has, where the owner keeps one: the row is valid under this version only. */
  ownerVersion?: string;
  values: Record<Column, Buffer | null>;
  dekWrapped: Buffer;
  kekId: string;
}

/** A table with sealed bytes: one row per owner. Only libraries that open sealed rows may import it. */
export interface SealedTable<Column extends string> {
  readonly name: string;
  /** The column of the owner's id, the primary key. */
  readonly owner: string;
  /** The columns with sealed values. */
  readonly columns: readonly Column[];
  read(tx: Tx, ownerId: string): Promise<SealedRow<Column> | undefined>;
  /** The rows of several owners, by the id of the owner. */
  readAll(tx: Tx, ownerIds: readonly string[]): Promise<Map<string, SealedRow<Column>>>;
  /** Replaces the whole row: a data key serves one row only. The record of a broken seal is deleted. */
  write(tx: Tx, ownerId: string, row: SealedRow<Column>): Promise<void>;
  /** Deletes values and data key, so that the values cannot be recovered. */
  shred(tx: Tx, ownerId: string): Promise<void>;
}

/** Describes a sealed table by its name, its owner's column and its sealed columns. `ownerVersion`: SQL of the owner's version. */
export function sealedTable<Column extends string>(
  name: string,
  owner: string,
  columns: readonly Column[],
  ownerVersion?: string,
): SealedTable<Column> {
  const all = [owner, 'version', ...columns, 'dek_wrapped', 'kek_id'];
  const select = `select ${all.join(', ')}${ownerVersion ? `, (${ownerVersion}) as owner_version` : ''} from ${name} where ${owner}`;
  const deletion = `with deleted as (delete from broken_seals where owner_id = $1 and table_name = '${name}')`;
  const upsert = `${deletion} insert into ${name} (${all.join(', ')}) values (${all.map((_, index) => `$${index + 1}`).join(', ')})
    on conflict (${owner}) do update set ${all
      .slice(1)
      .map((column) => `${column} = excluded.${column}`)
      .join(', ')}`;
  return {
    name,
    owner,
    columns,
    async read(tx, ownerId) {
      const { rows } = await tx.query<Record<string, Buffer | string | null>>(`${select} = $1`, [ownerId]);
      return rows[0] && fromRow(rows[0], columns);
    },
    async readAll(tx, ownerIds) {
      const { rows } = await tx.query<Record<string, Buffer | string | null>>(`${select} = any($1)`, [ownerIds]);
      return new Map(rows.map((row) => [row[owner] as string, fromRow(row, columns)]));
    },
    async write(tx, ownerId, row) {
      const values = columns.map((column) => row.values[column]);
      await tx.query(upsert, [ownerId, row.version, ...values, row.dekWrapped, row.kekId]);
    },
    async shred(tx, ownerId) {
      await tx.query(`${deletion} delete from ${name} where ${owner} = $1`, [ownerId]);
    },
  };
}

function fromRow<Column extends string>(
  row: Record<string, Buffer | string | null>,
  columns: readonly Column[],
): SealedRow<Column> {
  return {
    version: row.version as string,
    ...(row.owner_version && { ownerVersion: row.owner_version as string }),
    values: Object.fromEntries(columns.map((column) => [column, row[column]])) as Record<Column, Buffer | null>,
    dekWrapped: row.dek_wrapped as Buffer,
    kekId: row.kek_id as string,
  };
}
