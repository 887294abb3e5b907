import { setTimeout as pause } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

const WAITERS = `
  select count(*)::int as count from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock'`;
/** Milliseconds. */
const WAIT_LIMIT = 20_000;

/** A lock that stops every transaction at its first write of a table, so that a test chooses how two of them interleave. */
export class HeldTable {
  private constructor(
    private readonly pool: Pool,
    private readonly client: PoolClient,
  ) {}

  static async hold(
    pool: Pool,
    table: string,
    mode: 'exclusive' | 'access exclusive' = 'exclusive',
  ): Promise<HeldTable> {
    const client = await pool.connect();
    await client.query(`begin; lock table ${table} in ${mode} mode`);
    return new HeldTable(pool, client);
  }

  /** Resolves when this many transactions of the database wait for a lock, this one or one of each other. */
  isWaitedFor(transactions: number): Promise<void> {
    return waitForLocks(this.pool, transactions);
  }

  async release(): Promise<void> {
    await this.client.query('commit');
    this.client.release();
  }
}

/** Resolves when this many transactions of the database wait for a lock. */
export async function waitForLocks(pool: Pool, transactions: number): Promise<void> {
  const end = Date.now() + WAIT_LIMIT;
  while (Date.now() < end) {
    const { rows } = await pool.query<{ count: number }>(WAITERS);
    if ((rows[0]?.count ?? 0) >= transactions) return;
    await pause(20);
  }
  throw new Error(`${transactions} transactions did not wait for a lock in time`);
}
