import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '#persistence';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeGrant, makeTenant } from '../../../../test/support/rows.js';
import { isSuperseded } from './resends.js';

let opened: OpenedDatabase;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());

type Sent = [state: string, ago: number | null, version?: number];

/** Whether version 8 of a grant is superseded that had these exchanges, sent that number of seconds ago; null: never. */
async function supersededAfter(...exchanges: Sent[]): Promise<boolean> {
  const { pool } = opened.database;
  const grant = { id: await makeGrant(pool, await makeTenant(pool)), tokenVersion: '8' };
  for (const [state, ago, version = 7] of exchanges) {
    await pool.query(
      `insert into exchange_intents (id, kind, grant_id, token_version, holder, state, dispatched_at)
       values ($1, 'refresh', $2, $3, 'me', $4, db_now() - make_interval(secs => $5))`,
      [newId(), grant.id, version, state, ago],
    );
  }
  return isSuperseded(pool, grant);
}

it.each(['answered', 'unknown', 'dispatched'])(
  'a pair is superseded where its token was sent again after the request that brought it: %s',
  async (again) => {
    expect(await supersededAfter(['committed', 200], [again, 20])).toBe(true);
  },
);

it.each<[string, Sent[]]>([
  ['that came of the only request', [['committed', 200]]],
  [
    'that came of the resend',
    [
      ['unknown', 200],
      ['committed', 20],
    ],
  ],
  [
    'whose token another claimed, and did not send',
    [
      ['committed', 200],
      ['released', 20],
      ['prepared', null],
    ],
  ],
  [
    'after one that was superseded',
    [
      ['committed', 900, 6],
      ['unknown', 800, 6],
      ['committed', 200],
    ],
  ],
  ['that a person brought', [['unknown', 20]]],
])('a pair %s is not', async (_which, exchanges) => {
  expect(await supersededAfter(...exchanges)).toBe(false);
});
