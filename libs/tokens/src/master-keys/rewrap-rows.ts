import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { type Keyring, rewrapKey, SealBroken } from '#crypto';
import { transaction, type Tx } from '#persistence/sql';
import {
  lockRowsOfOtherKeys,
  type OwnedTable,
  SEALED_TABLES,
  storeWrappedKeys,
  type WrappedRow,
} from '#persistence/sealed';

/** Rows of one transaction: their locks are held for some milliseconds. */
const BATCH_ROWS = 100;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** A row whose data key does not open; it stays as it is. */
export interface ClosedRow {
  table: string;
  ownerId: string;
  kekId: string;
  reason: 'key_missing' | 'seal_broken';
}

/** What one pass over the sealed tables has done. */
export interface RewrapPass {
  rewrapped: number;
  closed: ClosedRow[];
}

export interface RewrapOptions {
  pool: Pool;
  keyring: Keyring;
  /** Undefined: as fast as the database takes it. */
  rowsPerSecond?: number | undefined;
  /** After each batch. */
  onBatch?: ((batch: { table: string; rewrapped: number }) => void) | undefined;
}

/**
 * Wraps the data key of every sealed row under the first master key. The state of the work is `kek_id` of each row, so a pass
 * that ended at any moment is continued by the next one. Rows that are locked meanwhile are left for the next pass.
 */
export async function rewrapRows(options: RewrapOptions): Promise<RewrapPass> {
  const done: RewrapPass = { rewrapped: 0, closed: [] };
  for (const owned of SEALED_TABLES) {
    let after: string | undefined = FIRST_ID;
    while (after !== undefined) {
      const batch = await rewrapBatch(options, owned, after);
      done.rewrapped += batch.rewrapped;
      done.closed.push(...batch.closed);
      options.onBatch?.({ table: owned.table.name, rewrapped: batch.rewrapped });
      if (options.rowsPerSecond !== undefined) await pause((batch.rewrapped / options.rowsPerSecond) * 1_000);
      after = batch.last;
    }
  }
  return done;
}

/** `last` is undefined when there are no rows behind this batch. */
async function rewrapBatch(
  { pool, keyring }: RewrapOptions,
  owned: OwnedTable,
  after: string,
): Promise<RewrapPass & { last: string | undefined }> {
  return transaction(pool, async (tx: Tx) => {
    const kekId = keyring.primaryId;
    const rows = await lockRowsOfOtherKeys(tx, owned, { kekId, after, limit: BATCH_ROWS });
    const tried = rows.map((row) => rewrapRow(keyring, owned.table.name, row));
    const opened = tried.filter((row) => 'dekWrapped' in row);
    if (opened.length > 0) await storeWrappedKeys(tx, owned, { kekId, rows: opened });
    return { rewrapped: opened.length, closed: tried.filter((row) => 'reason' in row), last: rows.at(-1)?.ownerId };
  });
}

function rewrapRow(
  keyring: Keyring,
  table: string,
  row: WrappedRow,
): ClosedRow | Pick<WrappedRow, 'ownerId' | 'dekWrapped'> {
  const { ownerId, kekId, workspaceId, environment, version } = row;
  if (!keyring.ids.includes(kekId)) return { table, ownerId, kekId, reason: 'key_missing' };
  try {
    const { dekWrapped } = rewrapKey(keyring, { workspaceId, environment, table, rowId: ownerId, version }, row);
    return { ownerId, dekWrapped };
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return { table, ownerId, kekId, reason: 'seal_broken' };
  }
}
