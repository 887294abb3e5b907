import type { Tx } from '../tx.js';

/** A row of a sealed table that did not open. */
export interface BrokenSeal {
  table: string;
  ownerId: string;
}

const NOTE = `
  insert into broken_seals (owner_id, table_name)
  select $1, $2 where not exists (select from broken_seals where owner_id = $1 and table_name = $2)
  on conflict do nothing`;

/** False: it is known already. */
export async function noteBrokenSeal(tx: Tx, { ownerId, table }: BrokenSeal): Promise<boolean> {
  const { rowCount } = await tx.query(NOTE, [ownerId, table]);
  return rowCount === 1;
}

/** Those that were checked the longest time ago. */
const CLAIM = `
  update broken_seals set checked_at = db_now() where (owner_id, table_name) in (
    select owner_id, table_name from broken_seals order by checked_at limit $1 for update skip locked)
  returning owner_id as "ownerId", table_name as "table"`;

/** Claims broken seals to be checked again; the others have their turn at the next calls. */
export async function claimBrokenSeals(tx: Tx, limit: number): Promise<BrokenSeal[]> {
  const { rows } = await tx.query<BrokenSeal & Record<string, unknown>>(CLAIM, [limit]);
  return rows;
}

/** It opens again, or its row is gone. A row that is written anew or deleted through its table needs no such call. */
export async function deleteBrokenSeal(tx: Tx, { ownerId, table }: BrokenSeal): Promise<void> {
  await tx.query('delete from broken_seals where owner_id = $1 and table_name = $2', [ownerId, table]);
}
