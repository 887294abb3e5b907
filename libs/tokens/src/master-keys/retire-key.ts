import type { Pool } from 'pg';
import type { Keyring } from '#crypto';
import { CodedError } from '#observability';
import { transaction, type Tx } from '#persistence/sql';
import { type KeyReport, type MasterKeyReport, readKeyReport } from './key-report.js';

export interface RetireOptions {
  /** Do not wait for states, cursors and digests of idempotency keys that the key has signed. */
  noWait?: boolean | undefined;
  /** Ids of journals that are lost: their records are not waited for. */
  lostJournals?: readonly string[] | undefined;
}

/** The longest life of what a key signs without a row that names it: the digest of a request with an Idempotency-Key, 24 hours. */
const SIGNED_VALUES = `interval '24 hours'`;

/**
 * Marks a key as not needed: from then on processes start without it, and none starts with it in the first place. Throws
 * `keys.in_use` with everything that still needs it.
 */
export async function retireKey(
  pool: Pool,
  keyring: Keyring,
  keyId: string,
  options: RetireOptions = {},
): Promise<void> {
  await transaction(pool, async (tx) => {
    // A process that starts to seal with the key waits for this lock, and is refused afterwards.
    const found = await tx.query('select 1 from master_keys where id = $1 for update', [keyId]);
    const report = await readKeyReport(tx, keyring);
    const key = report.keys.find(({ id }) => id === keyId);
    if (!key || found.rowCount === 0) throw new CodedError('keys.unknown', unknownKey(keyId, report));
    // A process that did not report for a while may have sealed with the key after it was retired.
    const signed = options.noWait || key.retiredAt ? [] : await signedValues(tx, keyId);
    const reasons = [...reasonsToKeep(key, report, options), ...signed];
    if (reasons.length > 0)
      throw new CodedError('keys.in_use', `The key "${keyId}" is still needed: ${reasons.join('; ')}.`);
    await tx.query('update master_keys set retired_at = coalesce(retired_at, db_now()) where id = $1', [keyId]);
  });
}

function reasonsToKeep(key: MasterKeyReport, { processes }: KeyReport, { lostJournals = [] }: RetireOptions): string[] {
  const tables = Object.entries(key.rows).map(([table, rows]) => `${rows} rows of ${table} are sealed under it`);
  const sealing = processes
    .filter(({ running, keyIds }) => running && keyIds[0] === key.id)
    .map(({ process }) => `it is the first key of a running process (${process})`);
  const journals = processes
    .filter(({ id, journal }) => journal !== null && !lostJournals.includes(id))
    .filter(({ running, keyIds, journal }) => (journal?.[key.id] ?? 0) > 0 || (!running && keyIds[0] === key.id))
    .map(
      ({ id, running }) => `the journal ${id} ${running ? 'has' : 'of an ended exchanger may have'} records under it`,
    );
  const first = key.primary ? ['it is the first key of MASTER_KEYS'] : [];
  return [...new Set([...first, ...tables, ...sealing, ...journals])];
}

async function signedValues(tx: Tx, keyId: string): Promise<string[]> {
  const { rows } = await tx.query<{ until: Date }>(
    `select coalesce(last_sealed_at, made_at) + ${SIGNED_VALUES} as until from master_keys
     where id = $1 and coalesce(last_sealed_at, made_at) + ${SIGNED_VALUES} > db_now()`,
    [keyId],
  );
  return rows.map(
    ({ until }) =>
      `values that it signed (states, cursors, idempotency keys) are accepted until ${until.toISOString()} (--no-wait ends them now)`,
  );
}

const unknownKey = (keyId: string, { keys }: KeyReport): string =>
  `No process has reported a master key "${keyId}". There are ${keys.map(({ id }) => `"${id}"`).join(', ')}.`;
