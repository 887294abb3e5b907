import type { Environment, Tenant } from '../tenant.js';
import type { Tx } from '../tx.js';
import type { SealedTable } from './sealed-table.js';

/** A sealed table, and the table or subquery that has `id`, `workspace_id` and `environment` of its owners. */
export interface OwnedTable {
  table: Pick<SealedTable<string>, 'name' | 'owner' | 'columns' | 'read'>;
  owners: string;
}

/** The data key of a sealed row, with all that it is bound to. */
export interface WrappedRow extends Tenant {
  ownerId: string;
  version: string;
  dekWrapped: Buffer;
  kekId: string;
}

/** How many rows of a table each master key wraps. */
export async function countByKey(tx: Tx, { table }: OwnedTable): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ id: string; rows: string }>(
    `select kek_id as id, count(*) as rows from ${table.name} group by 1 order by 1`,
  );
  return new Map(rows.map(({ id, rows: count }) => [id, Number(count)]));
}

/**
 * Locks the next rows, by the owner's id, that another key than `kekId` wraps. Rows that another transaction has locked are
 * skipped: this transaction waits for none, so it takes part in no deadlock.
 */
export async function lockRowsOfOtherKeys(
  tx: Tx,
  { table: { name, owner }, owners }: OwnedTable,
  { kekId, after, limit }: { kekId: string; after: string; limit: number },
): Promise<WrappedRow[]> {
  const { rows } = await tx.query<{
    ownerId: string;
    workspaceId: string;
    environment: Environment;
    version: string;
    dekWrapped: Buffer;
    kekId: string;
  }>(
    `select s.${owner} as "ownerId", o.workspace_id as "workspaceId", o.environment, s.version, s.dek_wrapped as "dekWrapped",
       s.kek_id as "kekId"
     from ${name} s join ${owners} o on o.id = s.${owner}
     where s.${owner} > $1 and s.kek_id <> $2 order by s.${owner} limit $3 for update of s skip locked`,
    [after, kekId, limit],
  );
  return rows;
}

/** Replaces the wrapped data keys of rows that this transaction has locked; values and versions stay. */
export async function storeWrappedKeys(
  tx: Tx,
  { table: { name, owner } }: OwnedTable,
  { kekId, rows }: { kekId: string; rows: readonly Pick<WrappedRow, 'ownerId' | 'dekWrapped'>[] },
): Promise<void> {
  await tx.query(
    `update ${name} s set dek_wrapped = n.dek_wrapped, kek_id = $1
     from unnest($2::uuid[], $3::bytea[]) as n (owner_id, dek_wrapped) where s.${owner} = n.owner_id`,
    [kekId, rows.map(({ ownerId }) => ownerId), rows.map(({ dekWrapped }) => dekWrapped)],
  );
}
