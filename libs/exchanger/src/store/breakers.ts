import type { Tx } from '#persistence/sql';
import type { Breaker, Tally } from '#tokens/protocol';

/** A breaker that is not closed, as all hosts see it; durations in milliseconds of the database's clock. */
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

/** A breaker without a probe for so long is out of date: then it opens anew. */
const ABANDONED = `breakers.probe_at < db_now() - interval '1 hour'`;

const REFUSED_SINCE = `
  select opened_at as since from breakers
  where oauth_app_id = $1 and state <> 'closed' and window_perm > window_temp and not (${ABANDONED})`;

/** Since when refusals have kept the breaker of an app from closing; null: it is closed, or failures opened it. */
export async function readRefusedSince(tx: Tx, appId: string): Promise<Date | null> {
  const { rows } = await tx.query<{ since: Date }>(REFUSED_SINCE, [appId]);
  return rows[0]?.since ?? null;
}

/** Failures had opened it and refusals keep it open now: the time of the failures does not count. */
const TURNED = `breakers.window_perm <= breakers.window_temp and excluded.window_perm > excluded.window_temp`;
const ANEW = `(breakers.state = 'closed' or ${ABANDONED} or ${TURNED})`;

/** An app that was deleted meanwhile has no breaker. */
const WRITE = `
  insert into breakers (oauth_app_id, state, opened_at, probe_at, window_ok, window_perm, window_temp)
  select id, $2, case when $2 <> 'closed' then db_now() end, db_now() + make_interval(secs => $3 / 1000.0), $4, $5, $6
  from oauth_apps where id = $1
  on conflict (oauth_app_id) do update set state = excluded.state, probe_at = excluded.probe_at,
    opened_at = case when $2 = 'closed' then null when ${ANEW} then db_now() else breakers.opened_at end,
    window_ok = case when ${ANEW} then excluded.window_ok else breakers.window_ok end,
    window_perm = case when ${ANEW} then excluded.window_perm else breakers.window_perm end,
    window_temp = case when ${ANEW} then excluded.window_temp else breakers.window_temp end`;

/** The counts stay those that opened the breaker, unless the cause has changed. `probeIn`: until the next probe; null: none is pending. */
export async function writeBreaker(
  tx: Tx,
  appId: string,
  { state }: Breaker,
  probeIn: number | null,
  tally: Tally,
): Promise<void> {
  await tx.query(WRITE, [appId, state, probeIn, tally.ok, tally.permanent, tally.temporary]);
}
