import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '#persistence';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeTenant } from '../../../../test/support/rows.js';
import { dueRevocations } from './revocations.js';

let opened: OpenedDatabase;
beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());

it('A platform with many clients that have due revocations hides no due revocation of another platform.', async () => {
  const { pool } = opened.database;
  const { workspaceId } = await makeTenant(pool);
  const make = (provider: string, clientId: string, minutesAgo: number): Promise<unknown> =>
    pool.query(
      `insert into pending_revocations (id, workspace_id, environment, provider, client_id, due_at, ends_at)
       values ($1, $2, 'live', $3, $4, db_now() - make_interval(mins => $5), db_now() + interval '1 day')`,
      [newId(), workspaceId, provider, clientId, minutesAgo],
    );
  for (let n = 0; n < 6; n += 1) await make('facebook', `client-${n}`, 60);
  await make('x', 'client', 1);
  await make('x', 'client', 2);
  const platforms = (await dueRevocations(pool, 4)).map(({ platform }) => platform);
  expect(platforms.toSorted()).toEqual(['live/facebook', 'live/facebook', 'live/x', 'live/x']);
});
