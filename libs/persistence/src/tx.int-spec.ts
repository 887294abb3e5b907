import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { transaction, type Tx } from './tx.js';

let opened: OpenedDatabase;
let pool: Pool;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  pool = opened.database.pool;
  await pool.query('create table notes (text text unique)');
});
afterAll(() => opened.close());

const write = (tx: Tx, text: string): Promise<unknown> => tx.query('insert into notes values ($1)', [text]);
const isThere = async (text: string): Promise<boolean> =>
  (await pool.query('select from notes where text = $1', [text])).rowCount === 1;

/** As a restart of the database or an administrator does. */
async function killBackend(tx: Tx): Promise<void> {
  const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
  await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await sleep(100);
}

describe('a transaction', () => {
  it('commits with its result', async () => {
    expect(
      await transaction(pool, async (tx) => {
        await write(tx, 'kept');
        return 42;
      }),
    ).toBe(42);
    expect(await isThere('kept')).toBe(true);
  });

  it('leaves nothing of what was written before an error, and hands the error on', async () => {
    const failing = transaction(pool, async (tx) => {
      await write(tx, 'dropped');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await isThere('dropped')).toBe(false);
  });

  it('is not seen by others before its end', async () => {
    await transaction(pool, async (tx) => {
      await write(tx, 'unseen');
      expect(await isThere('unseen')).toBe(false);
    });
    expect(await isThere('unseen')).toBe(true);
  });

  it('does not pretend to have committed what the database rolled back', async () => {
    const swallowing = transaction(pool, async (tx) => {
      await write(tx, 'swallowed');
      await tx.query('select 1/0').catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('rolled back');
    expect(await isThere('swallowed')).toBe(false);
  });

  it.each([
    [
      'between two statements',
      async (tx: Tx) => {
        await killBackend(tx);
        await write(tx, 'after');
      },
    ],
    ['before its commit', killBackend],
    [
      'during a statement',
      async (tx: Tx) => {
        const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
        await Promise.all([
          tx.query('select pg_sleep(5)'),
          sleep(100).then(() => pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])),
        ]);
      },
    ],
  ])('whose connection is cut %s fails alone: nothing stays, the next one works', async (_when, fate) => {
    const cut = transaction(pool, async (tx) => {
      await write(tx, 'cut');
      await fate(tx);
    });
    await expect(cut).rejects.toThrow();
    expect(await isThere('cut')).toBe(false);
    expect(await transaction(pool, () => Promise.resolve('fine'))).toBe('fine');
  });

  it('gives its connection back, however it ends', async () => {
    const ends = Array.from({ length: 30 }, (_, index) =>
      transaction(pool, (tx) => (index % 2 ? write(tx, 'kept') : write(tx, `n${index}`))),
    );
    await Promise.allSettled(ends);
    expect(pool.waitingCount).toBe(0);
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  it('fails when the pool has no connection for it, without ending the process', async () => {
    const lost = await openMigratedDatabase();
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${new URL(lost.url).pathname.slice(1)}'`,
    );
    await sleep(100);
    expect(await transaction(lost.database.pool, () => Promise.resolve('again'))).toBe('again');
    await lost.close();
  });
});
