import type { Pool } from 'pg';

/** Not before a pause of its app has ended, or the probe of an open breaker is due. */
const NEXT = `
  with first as (
    select oauth_app_id, min(refresh_due_at) as due from grants where refresh_state in ('idle', 'backoff', 'confirm', 'unknown') group by 1
  )
  select extract(epoch from min(greatest(due, app.paused_until, case when breakers.state = 'open' then probe_at end)) - db_now())::float8 as "in"
  from first join oauth_apps app on app.id = first.oauth_app_id left join breakers on breakers.oauth_app_id = app.id`;

/** Seconds until a grant is due whose app may be asked; null: none will be. */
export async function nextDue(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ in: number | null }>(NEXT);
  return rows[0]?.in ?? null;
}
