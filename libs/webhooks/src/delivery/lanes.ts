import { type Environment, newId, transaction, type Tx } from '#persistence';
import type { Pool } from 'pg';
import type { DeliveredEvent } from './event-body.js';

/*
 * A lane has the events of one account for one endpoint. Its oldest event that is not delivered is the only one that is sent.
 *
 * | status       | meaning                                   | next                                    |
 * | ------------ | ----------------------------------------- | --------------------------------------- |
 * | `pending`    | queued                                    | delivering                              |
 * | `delivering` | an attempt is under way, or was cut short | succeeded, failed, exhausted            |
 * | `failed`     | it is retried at `next_retry_at`          | delivering                              |
 * | `succeeded`  | delivered                                 | none                                    |
 * | `exhausted`  | no retry is left: the lane moves on       | none                                    |
 *
 * `next_attempt_at` of a lane is null while nothing waits. A claim postpones it by the time of a lease: a lane whose process
 * has ended is due again then. One statement locks one lane, or skips those that are locked: a transaction that records
 * events of several accounts holds several.
 */

/** A lane, claimed for one attempt of its oldest event. */
export interface ClaimedDelivery {
  id: string;
  claim: string;
  laneId: string;
  webhookId: string;
  workspaceId: string;
  environment: Environment;
  url: string;
  isPaused: boolean;
  hasPreviousSecret: boolean;
  attempts: number;
  lastSequence: string | null;
  /** Null: it is no longer kept. */
  event: DeliveredEvent | null;
  /** By `performance.now()`, at the latest. */
  claimedAt: number;
}

export const WAITING = `status in ('pending', 'delivering', 'failed')`;
/** When the lane is due that no attempt holds back. */
export const DUE_IF_WAITING = `(
  select case when exists (select from webhook_deliveries where lane_id = lane.id and ${WAITING}) then db_now() end)`;
/** Longer than an attempt and its storage last. */
const LEASE = `interval '60 seconds'`;

const HEADS = `
  claimed as (
    update webhook_lanes lane set next_attempt_at = db_now() + ${LEASE}, claim = $1 from due where lane.id = due.id
    returning lane.id, lane.webhook_id, lane.last_sequence
  ), head as (
    select claimed.id as lane_id, claimed.webhook_id, claimed.last_sequence, oldest.id
    from claimed left join lateral (
      select id from webhook_deliveries where lane_id = claimed.id and ${WAITING} order by position, created_at limit 1
    ) oldest on true
  ), locked as (
    select id from webhook_deliveries where id in (select id from head) order by id for no key update
  ), marked as (
    update webhook_deliveries set status = 'delivering' from locked where webhook_deliveries.id = locked.id
    returning webhook_deliveries.id, event_id, attempts
  )
  select marked.id, $1::uuid as claim, head.lane_id as "laneId", head.webhook_id as "webhookId",
    hook.workspace_id as "workspaceId", hook.environment, hook.url, hook.status = 'paused' as "isPaused",
    coalesce(hook.previous_secret_until > db_now(), false) as "hasPreviousSecret", marked.attempts,
    head.last_sequence as "lastSequence",
    case when event.id is not null then json_build_object('id', event.id, 'type', event.type,
      'environment', event.environment, 'accountId', event.account_id, 'sequence', event.sequence::text, 'data', event.payload)
    end as event, event.created_at as "createdAt"
  from head join webhooks hook on hook.id = head.webhook_id
  left join marked on marked.id = head.id left join outbox event on event.id = marked.event_id`;

/** Of each active endpoint some lanes, in no order of the endpoints, so that none keeps the others waiting. */
const CLAIM = `
  with due as (
    select lane.id from (
      select id from webhooks where status = 'active' and id <> all($4::uuid[]) order by random()
    ) hook cross join lateral (
      select id from webhook_lanes where webhook_id = hook.id and next_attempt_at <= db_now()
      order by next_attempt_at limit $3 for no key update skip locked
    ) lane limit $2
  ), ${HEADS}`;

/** Of a paused endpoint the lane that has waited longest, unless its delivery is under way. */
const CLAIM_OLDEST = `
  with due as (
    select id from webhook_lanes where webhook_id = $2 and next_attempt_at is not null
      and (claim is null or next_attempt_at <= db_now())
    order by next_attempt_at limit 1 for no key update skip locked
  ), ${HEADS}`;

interface Row extends Omit<ClaimedDelivery, 'id' | 'attempts' | 'claimedAt'> {
  id: string | null;
  attempts: number | null;
  createdAt: Date;
}

/** `busy`: endpoints that get no further delivery now. */
export async function claimDue(
  pool: Pool,
  { most, perWebhook, busy }: { most: number; perWebhook: number; busy: readonly string[] },
): Promise<ClaimedDelivery[]> {
  return claim(pool, CLAIM, [most, perWebhook, busy]);
}

export async function claimOldest(pool: Pool, webhookId: string): Promise<ClaimedDelivery[]> {
  return claim(pool, CLAIM_OLDEST, [webhookId]);
}

/** A lane in which nothing waits any more, because its events were exhausted, is idle. */
async function claim(pool: Pool, sql: string, values: unknown[]): Promise<ClaimedDelivery[]> {
  const claimedAt = performance.now();
  const { rows } = await pool.query<Row>(sql, [newId(), ...values]);
  const heads: ClaimedDelivery[] = [];
  for (const { id, attempts, createdAt, event, ...row } of rows) {
    if (id === null || attempts === null) await advanceIdle(pool, row);
    else heads.push({ ...row, claimedAt, id, attempts, event: event && { ...event, createdAt } });
  }
  return heads;
}

async function advanceIdle(
  pool: Pool,
  { laneId, claim: held }: Pick<ClaimedDelivery, 'laneId' | 'claim'>,
): Promise<void> {
  await transaction(pool, async (tx) => {
    const { rowCount } = await tx.query(LOCK, [laneId, held]);
    if (rowCount === 1) await tx.query(ADVANCE, [laneId]);
  });
}

/** The lock comes in a statement of its own: the next one then sees the events that were queued before it. */
const LOCK = 'select 1 from webhook_lanes where id = $1 and claim = $2 for no key update';
const ADVANCE = `update webhook_lanes lane set claim = null, next_attempt_at = ${DUE_IF_WAITING} where id = $1`;

/** Each statement that updates several deliveries locks them in the order of their ids. */
const EXHAUST = `
  with locked as (
    select id from webhook_deliveries where webhook_id = $1 and ${WAITING} order by id for no key update
  )
  update webhook_deliveries set status = 'exhausted', next_retry_at = null from locked where webhook_deliveries.id = locked.id`;

/** Everything that waits for an endpoint is given up. */
export async function exhaustWaiting(tx: Tx, webhookId: string): Promise<void> {
  await tx.query(EXHAUST, [webhookId]);
}

/** Everything that waits for an endpoint is sent now. */
export async function makeDue(tx: Tx, webhookId: string): Promise<void> {
  await tx.query(
    `update webhook_lanes set next_attempt_at = db_now() where id in (
       select id from webhook_lanes where webhook_id = $1 and claim is null and next_attempt_at > db_now()
       for no key update skip locked)`,
    [webhookId],
  );
}
