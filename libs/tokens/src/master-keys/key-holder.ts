import type { Pool } from 'pg';
import { seconds } from '#config';
import type { Keyring } from '#crypto';
import { closeProcess, CodedError, type Logger } from '#observability';
import { transaction, type Tx } from '#persistence/sql';
import { sealCanary } from './key-canary.js';
import { checkKeys } from './check-keys.js';

const BEAT = seconds(20);
/** After a report that failed: the key may have been retired meanwhile, so the process must find out before it seals much. */
const RETRY = seconds(1);

export interface KeyHolderOptions {
  pool: Pool;
  keyring: Keyring;
  logger: Logger;
  /** The name in the report: api, worker, exchanger. */
  process: string;
  /** Unique among running processes. An exchanger is named after its journal, so that its next process replaces the row. */
  id: string;
  /** Records of the journal that are still needed, by the id of the key that sealed them. */
  journal?: (() => Record<string, number>) | undefined;
  /** The interval of reports, in milliseconds. */
  beat?: number;
  /** Milliseconds for each statement of the check at the start. */
  within?: number;
  /** The result of `checkKeys`, where the caller has called it before. */
  checked?: string[];
  /** Called when every key of the process is retired; default: the process closes. */
  onUnusable?: () => void;
}

/**
 * Reports in the database which master keys this process holds, the sealing one first, for as long as the process runs. The
 * commands for master keys read it: a key becomes the sealing one only when every process holds it, and ends when none seals
 * with it.
 */
export class KeyHolder {
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #isStopped = false;

  private constructor(private readonly options: KeyHolderOptions) {}

  /** Checks the keys first, unless `checked` is given: throws `keys.missing`, `keys.wrong` or `keys.retired`. */
  static async start(options: KeyHolderOptions): Promise<KeyHolder> {
    const { pool, keyring } = options;
    const checked = options.checked ?? (await checkKeys(options));
    const holder = new KeyHolder(options);
    await transaction(pool, async (tx) => {
      // The canary of a key with wrong bytes would refuse the right ones at each later start.
      await storeCanaries(tx, keyring, checked);
      if (!(await noteSealing(tx, keyring.primaryId))) throw new CodedError('keys.retired', retiredFirst(keyring));
      await holder.store(tx);
    });
    await holder.warnOfOthers();
    holder.schedule(holder.interval);
    return holder;
  }

  /** The row of a journal that still has records stays: its next process needs their keys. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#beating;
    const { pool, id, journal } = this.options;
    if (Object.keys(journal?.() ?? {}).length > 0) await this.beat();
    else await pool.query('delete from master_key_holders where id = $1', [id]).catch(() => undefined);
  }

  private get interval(): number {
    return this.options.beat ?? BEAT;
  }

  private schedule(delay: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#beating = this.beat().then((next) => {
        this.schedule(next);
      });
    }, delay).unref();
  }

  /** Returns the milliseconds until the next report. */
  private async beat(): Promise<number> {
    const { pool, logger } = this.options;
    try {
      await transaction(pool, async (tx) => {
        await this.leaveRetiredKey(tx);
        await this.store(tx);
      });
      return this.interval;
    } catch (error) {
      logger.warn({ err: error }, 'master_keys.not_reported');
      return Math.min(RETRY, this.interval);
    }
  }

  /**
   * A key can be retired under a process that did not report for a while: it was suspended, or its database was away. The
   * process then seals with its next key that is not retired. Without one it closes, as its next start would be refused; what
   * it has begun is still stored, because a lost pair costs more than a row that one more rotation wraps.
   */
  private async leaveRetiredKey(tx: Tx): Promise<void> {
    const { keyring, logger, onUnusable = closeForRetiredKeys } = this.options;
    const { primaryId } = keyring;
    if (await noteSealing(tx, primaryId)) return;
    const retired = await retiredAmong(tx, keyring.ids);
    if (keyring.sealWithout(retired)) {
      logger.error({ key: primaryId, next: keyring.primaryId }, 'master_keys.first_key_retired');
      await noteSealing(tx, keyring.primaryId);
      return;
    }
    logger.fatal({ keys: retired }, 'master_keys.all_keys_retired');
    if (!this.#isStopped) onUnusable();
  }

  private async store(tx: Tx): Promise<void> {
    const { id, process, keyring, journal } = this.options;
    await tx.query(
      `insert into master_key_holders (id, process, key_ids, journal) values ($1, $2, $3, $4)
       on conflict (id) do update set process = $2, key_ids = $3, journal = $4, seen_at = db_now()`,
      [id, process, keyring.ids, journal ? JSON.stringify(journal()) : null],
    );
    await tx.query(`delete from master_key_holders where journal is null and seen_at < db_now() - interval '1 day'`);
  }

  /** Every process must hold a key before the first process seals with it. */
  private async warnOfOthers(): Promise<void> {
    const { pool, keyring, logger } = this.options;
    const without = await holdersWithout(pool, keyring.primaryId);
    if (without.length > 0)
      logger.warn({ key: keyring.primaryId, processes: without }, 'master_keys.not_held_everywhere');
  }
}

/** A process that has not reported for so long has ended, or is suspended. */
export const HOLDER_IS_RUNNING = `seen_at > db_now() - interval '90 seconds'`;

/** The names of running processes that do not hold a key. */
export async function holdersWithout(tx: Tx, keyId: string): Promise<string[]> {
  const { rows } = await tx.query<{ process: string }>(
    `select process from master_key_holders where ${HOLDER_IS_RUNNING} and $1 <> all(key_ids) order by 1`,
    [keyId],
  );
  return rows.map(({ process }) => process);
}

/** In one order in every process, so that two starts do not wait for each other's rows. */
async function storeCanaries(tx: Tx, keyring: Keyring, keyIds: string[]): Promise<void> {
  const ids = keyIds.toSorted();
  await tx.query(
    'insert into master_keys (id, canary) select * from unnest($1::text[], $2::bytea[]) on conflict do nothing',
    [ids, ids.map((id) => sealCanary(keyring, id))],
  );
}

/** False where the key is retired. The row's lock orders this before or after a retirement. */
async function noteSealing(tx: Tx, keyId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update master_keys set first_sealed_at = coalesce(first_sealed_at, db_now()), last_sealed_at = db_now()
     where id = $1 and retired_at is null`,
    [keyId],
  );
  return rowCount === 1 || (await retiredAmong(tx, [keyId])).length === 0;
}

async function retiredAmong(tx: Tx, ids: string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    'select id from master_keys where id = any($1) and retired_at is not null',
    [ids],
  );
  return rows.map(({ id }) => id);
}

const closeForRetiredKeys = (): void => {
  closeProcess('all master keys are retired');
};

const retiredFirst = ({ primaryId }: Keyring): string =>
  `MASTER_KEYS begins with the key "${primaryId}", which is retired: no value may be sealed with it. Put another key first; see docs/runbooks/master-keys.md.`;
