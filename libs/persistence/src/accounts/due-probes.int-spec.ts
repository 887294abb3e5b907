import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeAccount, makeTenant } from '../../../../test/support/rows.js';
import { claimDueProbes } from './due-probes.js';

let opened: OpenedDatabase;
beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());

it('The sweep takes due probes from the platforms in turns: one with many does not fill it, and each probe is claimed once.', async () => {
  const { pool } = opened.database;
  const tenant = await makeTenant(pool);
  const make = async (provider: string, minutesAgo: number): Promise<string> => {
    const id = await makeAccount(pool, tenant);
    await pool.query(
      `update accounts set provider = $2, probe_due_at = db_now() - make_interval(mins => $3) where id = $1`,
      [id, provider, minutesAgo],
    );
    return id;
  };
  for (let n = 0; n < 6; n += 1) await make('hanging', 60);
  const others = [await make('other', 1), await make('other', 2)];
  const first = await claimDueProbes(pool, 4);
  expect(first).toHaveLength(4);
  expect(first).toEqual(expect.arrayContaining(others));
  expect(await claimDueProbes(pool, 10)).toHaveLength(4);
  expect(await claimDueProbes(pool, 10)).toEqual([]);
});
