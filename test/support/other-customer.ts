import type { Pool } from 'pg';
import { newId } from '#persistence';
import { makeAccount, makeTenant } from './rows.js';

/** The platform refreshes the grant of another customer's app, and its API accepts the account: the platform works. */
export async function acceptElsewhere(pool: Pool, provider = 'x'): Promise<void> {
  const account = await makeAccount(pool, await makeTenant(pool));
  await pool.query(
    `with changed as (
       update accounts set provider = $2, last_probed_at = db_now(), probe_result = 'ok' where id = $1 returning grant_id
     ), refreshed as (
       update grants set provider = $2, last_refreshed_at = db_now() from changed where grants.id = grant_id returning grants.id
     )
     insert into exchange_intents (id, kind, grant_id, holder, state, dispatched_at)
     select $3, 'refresh', id, 'another customer', 'committed', db_now() from refreshed`,
    [account, provider, newId()],
  );
}
