import type { Tx } from '#persistence';
import type { Breaker, Tally } from '../protocol/breaker.js';

/** A breaker that is not closed, as all hosts see it; spans in milliseconds, by the database's clock. */
export interface StoredBreaker {
  appId: string;
  state: 'open' | 'half_open';
  openFor: number;
  /** Until the next probe; below 0 when it is due. */
  probeIn: number;
}

const TROUBLED = `
  select oauth_app_id as "appId", state,
    extract(epoch from db_now() - opened_at)::float8 * 1000 as "openFor",
    extract(epoch from probe_at - db_now())::float8 * 1000 as "probeIn"
  from breakers where state <> 'closed'`;

export async function troubledBreakers(tx: Tx): Promise<StoredBreaker[]> {
  const { rows } = await tx.query<StoredBreaker & Record<string, unknown>>(TROUBLED);
  return rows;
}

/** An app that was deleted meanwhile has none. */
const WRITE = `
  insert into breakers (oauth_app_id, state, opened_at, probe_at, window_ok, window_perm, window_temp)
  select id, $2, case when $2 <> 'closed' then db_now() end, db_now() + make_interval(secs => $3 / 1000.0), $4, $5, $6
  from oauth_apps where id = $1
  on conflict (oauth_app_id) do update set state = excluded.state, probe_at = excluded.probe_at,
    opened_at = case when $2 <> 'closed' then coalesce(breakers.opened_at, excluded.opened_at) end,
    window_ok = case when breakers.state = 'closed' then excluded.window_ok else breakers.window_ok end,
    window_perm = case when breakers.state = 'closed' then excluded.window_perm else breakers.window_perm end,
    window_temp = case when breakers.state = 'closed' then excluded.window_temp else breakers.window_temp end`;

/** Tells all hosts and operators; the counts stay those that opened it. `probeIn`: until the next probe, null: there is none to wait for. */
export async function writeBreaker(tx: Tx, appId: string, { state }: Breaker, probeIn: number | null, tally: Tally): Promise<void> {
  await tx.query(WRITE, [appId, state, probeIn, tally.ok, tally.permanent, tally.temporary]);
}
