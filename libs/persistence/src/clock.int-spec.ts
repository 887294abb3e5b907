import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { turnClock } from '../../../test/support/database.js';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { makeAttempt, makeProject, makeTenant } from '../../../test/support/rows.js';
import { Project } from './entities/index.js';
import type { Tenant } from './tenant.js';

let opened: OpenedDatabase;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

describe("the database's clock", () => {
  const TWO_HOURS = 7_200_000;
  const after = async (run: () => Promise<Date>): Promise<number> => {
    await turnClock(opened.database.pool, '2 hours');
    try {
      return (await run()).getTime() - Date.now();
    } finally {
      await turnClock(opened.database.pool, '0');
    }
  };

  it('when turned is seen by the defaults of rows', async () => {
    const ahead = await after(async () => {
      const id = await makeProject(opened.database.pool, tenant);
      return (await opened.database.dataSource.getRepository(Project).findOneByOrFail({ id })).createdAt;
    });
    expect(Math.abs(ahead - TWO_HOURS)).toBeLessThan(10_000);
  });

  it('gives an attempt ten minutes, from the same clock', async () => {
    const id = await makeAttempt(opened.database.pool, tenant);
    const { rows } = await opened.database.pool.query<{ minutes: number }>(
      'select extract(epoch from expires_at - created_at)::int / 60 as minutes from connect_attempts where id = $1',
      [id],
    );
    expect(rows[0]?.minutes).toBe(10);
  });
});
