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
}

export const WAITING = `status in ('pending', 'delivering', 'failed')`;
/** Longer than an attempt lasts. */
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
  ), marked as (
    update webhook_deliveries set status = 'delivering' from head where webhook_deliveries.id = head.id
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

/** Of each active endpoint some lanes, so that no endpoint keeps the others waiting. */
const CLAIM = `
  with due as (
    select lane.id from webhooks hook cross join lateral (
      select id from webhook_lanes where webhook_id = hook.id and next_attempt_at <= db_now()
      order by next_attempt_at limit $3 for no key update skip locked
    ) lane
    where hook.status = 'active' and hook.id <> all($4::uuid[]) limit $2
  ), ${HEADS}`;

/** Of a paused endpoint the lane that has waited longest, unless its delivery is under way. */
const CLAIM_OLDEST = `
  with due as (
    select id from webhook_lanes where webhook_id = $2 and next_attempt_at is not null
      and (claim is null or next_attempt_at <= db_now())
    order by next_attempt_at limit 1 for no key update skip locked
  ), ${HEADS}`;

interface Row extends Omit<ClaimedDelivery, 'id' | 'attempts'> {
  id: string | null;
  attempts: number | null;
  createdAt: Date;
}

/** `busy`: endpoints that get no further delivery now. */
export async function claimDue(
  pool: Pool,
  { most, perWebhook, busy }: { most: number; perWebhook: number; busy: readonly string[] },
): Promise<ClaimedDelivery[]> {
  const { rows } = await pool.query<Row>(CLAIM, [newId(), most, perWebhook, busy]);
  return headsOf(pool, rows);
}

export async function claimOldest(pool: Pool, webhookId: string): Promise<ClaimedDelivery[]> {
  const { rows } = await pool.query<Row>(CLAIM_OLDEST, [newId(), webhookId]);
  return headsOf(pool, rows);
}

/** A lane in which nothing waits any more, because its events were exhausted, is idle. */
async function headsOf(pool: Pool, rows: Row[]): Promise<ClaimedDelivery[]> {
  const heads: ClaimedDelivery[] = [];
  for (const { id, attempts, createdAt, event, ...row } of rows) {
    if (id === null || attempts === null) await advanceIdle(pool, row);
    else heads.push({ ...row, id, attempts, event: event && { ...event, createdAt } });
  }
  return heads;
}

async function advanceIdle(pool: Pool, lane: Claim): Promise<void> {
  await transaction(pool, async (tx) => {
    if (await lockClaimed(tx, lane)) await advance(tx, lane);
  });
}

/** The lock comes in a statement of its own: the next one then sees the events that were queued before it. */
const LOCK = 'select 1 from webhook_lanes where id = $1 and claim = $2 for no key update';
const ADVANCE = `
  update webhook_lanes lane set claim = null, last_sequence = greatest(last_sequence, $2::bigint), next_attempt_at = (
    select case when exists (select from webhook_deliveries where lane_id = lane.id and ${WAITING}) then db_now() end)
  where id = $1`;

type Claim = Pick<ClaimedDelivery, 'laneId' | 'claim'>;

/** False: another process has claimed the lane meanwhile, and its delivery belongs to that process. */
async function lockClaimed(tx: Tx, { laneId, claim }: Claim): Promise<boolean> {
  return (await tx.query(LOCK, [laneId, claim])).rowCount === 1;
}

/** Frees a lane that is locked for its next event. A replay does not lower the last sequence. */
async function advance(tx: Tx, { laneId }: Claim, sequence: string | null = null): Promise<void> {
  await tx.query(ADVANCE, [laneId, sequence]);
}

/** What an attempt has shown, as the list of deliveries has it. */
export interface AttemptFacts {
  statusCode: number | null;
  error: string | null;
  durationMs: number;
  responseExcerpt: string | null;
}

const valuesOf = ({ statusCode, error, durationMs, responseExcerpt }: AttemptFacts): unknown[] => [
  statusCode,
  error,
  durationMs,
  responseExcerpt,
];

const SUCCEEDED = `
  update webhook_deliveries set status = 'succeeded', attempts = attempts + 1, status_code = $2, error = $3, duration_ms = $4,
    response_excerpt = $5, next_retry_at = null, delivered_at = db_now()
  where id = $1 and ${WAITING}`;

/** The event has arrived, also if another process has claimed its lane meanwhile. */
export async function storeSuccess(pool: Pool, delivery: ClaimedDelivery, facts: AttemptFacts): Promise<void> {
  await transaction(pool, async (tx) => {
    const isOwn = await lockClaimed(tx, delivery);
    await tx.query(SUCCEEDED, [delivery.id, ...valuesOf(facts)]);
    if (isOwn) await advance(tx, delivery, delivery.event?.sequence ?? null);
  });
}

const EXHAUSTED = `
  update webhook_deliveries set status = 'exhausted', attempts = attempts + 1, status_code = $2, error = $3, duration_ms = $4,
    response_excerpt = $5, next_retry_at = null
  where id = $1 and ${WAITING}`;

/** The lane continues with its next event. */
export async function storeExhausted(pool: Pool, delivery: ClaimedDelivery, facts: AttemptFacts): Promise<void> {
  await transaction(pool, async (tx) => {
    if (!(await lockClaimed(tx, delivery))) return;
    await tx.query(EXHAUSTED, [delivery.id, ...valuesOf(facts)]);
    await advance(tx, delivery);
  });
}

const FAILED = `
  update webhook_deliveries set status = 'failed', attempts = attempts + $7, status_code = $2, error = $3, duration_ms = $4,
    response_excerpt = $5, next_retry_at = db_now() + $6 * interval '1 millisecond'
  where id = $1 and ${WAITING}`;
const POSTPONE = `
  update webhook_lanes set claim = null, next_attempt_at = db_now() + $2 * interval '1 millisecond' where id = $1`;

/** `wait`: milliseconds. `counts`: whether the attempt uses up a retry. */
export async function storeFailure(
  pool: Pool,
  delivery: ClaimedDelivery,
  facts: AttemptFacts,
  { wait, counts }: { wait: number; counts: boolean },
): Promise<void> {
  await transaction(pool, async (tx) => {
    if (!(await lockClaimed(tx, delivery))) return;
    await tx.query(FAILED, [delivery.id, ...valuesOf(facts), wait, counts ? 1 : 0]);
    await tx.query(POSTPONE, [delivery.laneId, wait]);
  });
}

/** Everything that waits for an endpoint is given up. */
export async function exhaustWaiting(tx: Tx, webhookId: string): Promise<void> {
  await tx.query(
    `update webhook_deliveries set status = 'exhausted', next_retry_at = null where webhook_id = $1 and ${WAITING}`,
    [webhookId],
  );
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
