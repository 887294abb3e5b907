import type { Pool } from 'pg';

/** Takes the pause of an app and the next probe of an open breaker into account. */
const NEXT = `
  with first as (
    select oauth_app_id, min(refresh_due_at) as due from grants where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') group by 1
  )
  select extract(epoch from min(greatest(due, app.paused_until, case when breakers.state = 'open' then probe_at end)) - db_now())::float8 as "in"
  from first join oauth_apps app on app.id = first.oauth_app_id left join breakers on breakers.oauth_app_id = app.id`;

/** Seconds until the next grant is due; null: none is scheduled. */
export async function nextDue(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ in: number | null }>(NEXT);
  return rows[0]?.in ?? null;
}
