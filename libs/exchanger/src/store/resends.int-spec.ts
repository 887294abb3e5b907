import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '#persistence/sql';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeGrant, makeTenant } from '../../../../test/support/rows.js';
import { isSentWithin } from './resends.js';

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());

/** An exchange of version 7 of a grant, sent that number of seconds ago; null: never. */
async function sent(grantId: string, ago: number | null, state: string, version = 7): Promise<string> {
  const id = newId();
  await opened.database.pool.query(
    `insert into exchange_intents (id, kind, grant_id, token_version, holder, state, dispatched_at)
     values ($1, 'refresh', $2, $3, 'me', $4, db_now() - make_interval(secs => $5))`,
    [id, grantId, version, state, ago],
  );
  return id;
}

it('the time between two sendings of one token counts from the first that was not answered', async () => {
  const { pool } = opened.database;
  const grant = { id: await makeGrant(pool, await makeTenant(pool)), tokenVersion: '7' };
  await sent(grant.id, 900, 'unknown', 6);
  await sent(grant.id, 600, 'released');
  await sent(grant.id, 120, 'unknown');
  await sent(grant.id, 60, 'unknown');
  const again = await sent(grant.id, 0, 'dispatched');
  expect(await isSentWithin(pool, grant, again, 121)).toBe(true);
  expect(await isSentWithin(pool, grant, again, 119)).toBe(false);
});

it('a token that was sent once was not sent again', async () => {
  const { pool } = opened.database;
  const grant = { id: await makeGrant(pool, await makeTenant(pool)), tokenVersion: '7' };
  expect(await isSentWithin(pool, grant, await sent(grant.id, 0, 'dispatched'), 30)).toBe(false);
});
