import type { Pool } from 'pg';
import { WAITING } from './lanes.js';

const REQUEUE = `
  with chosen as (
    select distinct on (event_id) event_id, event_type, position, lane_id, webhook_id, workspace_id, environment
    from webhook_deliveries delivery
    where webhook_id = $1 and lane_id is not null and status in ('succeeded', 'exhausted')
      and exists (select from outbox where id = event_id and created_at >= coalesce($2::timestamptz, '-infinity')
        and created_at < coalesce($3::timestamptz, 'infinity') and position >= coalesce($4::bigint, 0))
      and ($5::text is null or status = $5) and ($6::uuid is null or id = $6)
      and not exists (select from webhook_deliveries other where other.lane_id = delivery.lane_id
        and other.event_id = delivery.event_id and other.${WAITING})
    order by event_id, created_at desc
  ), queued as (
    insert into webhook_deliveries (id, workspace_id, environment, webhook_id, lane_id, event_id, event_type, position)
    select gen_random_uuid(), workspace_id, environment, webhook_id, lane_id, event_id, event_type, position from chosen
    returning lane_id
  )
  select lane_id as "laneId", count(*)::int as queued from queued group by lane_id order by lane_id`;

export interface ReplayRange {
  since?: Date | undefined;
  until?: Date | undefined;
  /** From this place of the feed on. */
  position?: string | undefined;
  status?: 'succeeded' | 'exhausted' | undefined;
  deliveryId?: string | undefined;
}

/** Queues deliveries that have ended once more, as new deliveries of the same events, in their order. Returns how many. */
export async function requeue(
  pool: Pool,
  webhookId: string,
  { since, until, position, status, deliveryId }: ReplayRange,
): Promise<number> {
  const { rows } = await pool.query<{ laneId: string; queued: number }>(REQUEUE, [
    webhookId,
    since ?? null,
    until ?? null,
    position ?? null,
    status ?? null,
    deliveryId ?? null,
  ]);
  for (const { laneId } of rows)
    await pool.query('update webhook_lanes set next_attempt_at = coalesce(next_attempt_at, db_now()) where id = $1', [
      laneId,
    ]);
  if (rows.length > 0) await pool.query("select pg_notify('webhook_deliveries', '')");
  return rows.reduce((sum, { queued }) => sum + queued, 0);
}
