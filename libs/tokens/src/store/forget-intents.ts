import type { Tx } from '#persistence/sql';

/**
 * What was never sent, or never answered, is asked for as long as its grant has the tokens it was made with. One that was
 * dispatched may still have its answer in a journal.
 */
const MOVED_ON = `
  i.state in ('prepared', 'unknown') and exists (select from grants where grants.id = i.grant_id and grants.token_version > i.token_version)`;

const OLD = `
  delete from exchange_intents where id in (
    select i.id from exchange_intents i
    where i.prepared_at < db_now() - interval '30 days' and (i.state in ('committed', 'released', 'answered') or ${MOVED_ON})
      and not exists (select from token_orphans o where o.intent_id = i.id)
    order by i.prepared_at limit $1)`;

/** Forgets exchanges of a month ago that ended or whose grant has other tokens since, but not those that a kept pair hangs on; returns how many it forgot. */
export async function forgetIntents(tx: Tx, limit: number): Promise<number> {
  return (await tx.query(OLD, [limit])).rowCount ?? 0;
}
