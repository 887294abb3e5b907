import type { Tx } from '#persistence/sql';

const OLD = `
  delete from exchange_intents where id in (
    select i.id from exchange_intents i
    where i.prepared_at < db_now() - interval '30 days' and i.state in ('committed', 'released', 'answered')
      and not exists (select from token_orphans o where o.intent_id = i.id)
    order by i.prepared_at limit $1)`;

/** Forgets exchanges that ended a month ago, but not those that a kept pair hangs on; returns how many it forgot. */
export async function forgetIntents(tx: Tx, limit: number): Promise<number> {
  return (await tx.query(OLD, [limit])).rowCount ?? 0;
}
