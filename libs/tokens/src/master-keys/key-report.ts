import type { Keyring } from '#crypto';
import type { Tx } from '#persistence/sql';
import { countByKey, SEALED_TABLES } from '#persistence/sealed';
import { opensCanary } from './key-canary.js';
import { HOLDER_IS_RUNNING } from './key-holder.js';

export interface MasterKeyReport {
  id: string;
  /** Whether this command's MASTER_KEYS has it first. */
  primary: boolean;
  /** Whether this command's MASTER_KEYS has it at all. */
  held: boolean;
  /** Whether the canary row opens; null where there is none, or the key is not held. */
  canaryOpens: boolean | null;
  /** Sealed rows by table; tables without any are left out. */
  rows: Record<string, number>;
  /** Records of all journals that are still needed. */
  journalRecords: number;
  lastSealedAt: Date | null;
  retiredAt: Date | null;
}

/** A process that holds master keys, or a journal whose process has ended. */
export interface KeyHolderReport {
  id: string;
  process: string;
  running: boolean;
  seenAt: Date;
  /** The sealing one first. */
  keyIds: string[];
  /** Records by key; null for a process without a journal. */
  journal: Record<string, number> | null;
}

export interface KeyReport {
  keys: MasterKeyReport[];
  processes: KeyHolderReport[];
}

interface KeyRow {
  id: string;
  canary: Buffer;
  madeAt: Date;
  lastSealedAt: Date | null;
  retiredAt: Date | null;
  [column: string]: unknown;
}

/** Which master keys are still needed, by what, and by which processes they are held. */
export async function readKeyReport(tx: Tx, keyring: Keyring): Promise<KeyReport> {
  const counts = new Map<string, Map<string, number>>();
  for (const owned of SEALED_TABLES) counts.set(owned.table.name, await countByKey(tx, owned));
  const processes = await readHolders(tx);
  const known = await readKeyRows(tx);
  const used = [...counts.values()].flatMap((byKey) => [...byKey.keys()]);
  const journaled = processes.flatMap(({ journal }) => Object.keys(journal ?? {}));
  const ids = new Set([...keyring.ids, ...known.map(({ id }) => id), ...used, ...journaled]);
  const keys = [...ids].map((id) => {
    const row = known.find((one) => one.id === id);
    const held = keyring.ids.includes(id);
    return {
      id,
      primary: id === keyring.primaryId,
      held,
      canaryOpens: row && held ? opensCanary(keyring, id, row.canary) : null,
      rows: Object.fromEntries(
        [...counts].map(([table, byKey]) => [table, byKey.get(id) ?? 0] as const).filter(([, rows]) => rows > 0),
      ),
      journalRecords: processes.reduce((sum, { journal }) => sum + (journal?.[id] ?? 0), 0),
      lastSealedAt: row?.lastSealedAt ?? null,
      retiredAt: row?.retiredAt ?? null,
    };
  });
  return { keys, processes };
}

async function readKeyRows(tx: Tx): Promise<KeyRow[]> {
  const { rows } = await tx.query<KeyRow>(
    `select id, canary, made_at as "madeAt", last_sealed_at as "lastSealedAt", retired_at as "retiredAt"
     from master_keys order by made_at, id`,
  );
  return rows;
}

async function readHolders(tx: Tx): Promise<KeyHolderReport[]> {
  const { rows } = await tx.query<KeyHolderReport & Record<string, unknown>>(
    `select id, process, ${HOLDER_IS_RUNNING} as running, seen_at as "seenAt", key_ids as "keyIds", journal
     from master_key_holders where ${HOLDER_IS_RUNNING} or journal is not null order by process, id`,
  );
  return rows;
}
