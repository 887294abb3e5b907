import type { Pool } from 'pg';
import { transaction, type Tx } from '#persistence';
import { type ClaimedDelivery, DUE_IF_WAITING, WAITING } from './lanes.js';

/** What an attempt has shown, as the list of deliveries has it. */
export interface AttemptFacts {
  statusCode: number | null;
  error: string | null;
  durationMs: number;
  responseExcerpt: string | null;
}

/** One attempt of a claimed delivery, and what follows from it. */
export interface AttemptResult {
  delivery: ClaimedDelivery;
  facts: AttemptFacts;
  status: 'succeeded' | 'failed' | 'exhausted';
  /** Milliseconds until the next attempt, where one follows. */
  wait: number | null;
  /** Whether it uses up a retry. */
  counts: boolean;
}

/** The lock comes in a statement of its own: the later ones then see the events that were queued before it. */
const LOCK = `
  select lane.id from unnest($1::uuid[], $2::uuid[]) as own (id, claim)
  join webhook_lanes lane on lane.id = own.id and lane.claim = own.claim
  for no key update of lane`;

const RESULTS = `
  json_to_recordset($1::json) as result (id uuid, lane_id uuid, status text, wait float8, counted integer, status_code integer,
    error text, duration_ms integer, excerpt text, sequence bigint)`;
const DELIVERIES = `
  with locked as (
    select id from webhook_deliveries where id in (select id from ${RESULTS}) and ${WAITING} order by id for no key update
  )
  update webhook_deliveries delivery set status = result.status, attempts = attempts + result.counted,
    status_code = result.status_code, error = result.error, duration_ms = result.duration_ms,
    response_excerpt = result.excerpt, next_retry_at = db_now() + result.wait * interval '1 millisecond',
    delivered_at = case when result.status = 'succeeded' then db_now() end
  from locked join ${RESULTS} on result.id = locked.id where delivery.id = locked.id`;
/** A delivery that is over does not hold its lane back. A replay does not lower the last sequence. */
const LANES = `
  update webhook_lanes lane set claim = null, last_sequence = greatest(lane.last_sequence, result.sequence),
    next_attempt_at = case when result.wait is not null
        and exists (select from webhook_deliveries where id = result.id and ${WAITING})
      then db_now() + result.wait * interval '1 millisecond' else ${DUE_IF_WAITING} end
  from ${RESULTS} where lane.id = result.lane_id`;

/**
 * Stores results in one transaction. Lanes in which an event is being recorded follow one by one: a transaction that
 * records events of several accounts holds several lanes, and two that wait for several lanes could deadlock.
 */
export async function storeResults(pool: Pool, results: readonly AttemptResult[]): Promise<void> {
  const stored = await transaction(pool, async (tx) => {
    const own = await lockLanes(tx, results, 'skip locked');
    await store(tx, own);
    return new Set(own);
  });
  for (const result of results) if (!stored.has(result)) await storeAlone(pool, result);
}

/** A lane that another process has claimed meanwhile belongs to that process; but what has arrived has arrived. */
async function storeAlone(pool: Pool, result: AttemptResult): Promise<void> {
  await transaction(pool, async (tx) => {
    const own = await lockLanes(tx, [result]);
    if (own.length > 0) await store(tx, own);
    else if (result.status === 'succeeded') await tx.query(DELIVERIES, [rowsOf([result])]);
  });
}

async function lockLanes(tx: Tx, results: readonly AttemptResult[], mode = ''): Promise<AttemptResult[]> {
  const lanes = results.map(({ delivery }) => delivery.laneId);
  const claims = results.map(({ delivery }) => delivery.claim);
  const { rows } = await tx.query<{ id: string }>(`${LOCK} ${mode}`, [lanes, claims]);
  const locked = new Set(rows.map(({ id }) => id));
  return results.filter(({ delivery }) => locked.has(delivery.laneId));
}

async function store(tx: Tx, results: readonly AttemptResult[]): Promise<void> {
  if (results.length === 0) return;
  const rows = rowsOf(results);
  await tx.query(DELIVERIES, [rows]);
  await tx.query(LANES, [rows]);
}

const rowsOf = (results: readonly AttemptResult[]): string =>
  JSON.stringify(
    results.map(({ delivery, facts, status, wait, counts }) => ({
      ...{ id: delivery.id, lane_id: delivery.laneId, status, wait, counted: counts ? 1 : 0 },
      ...{ status_code: facts.statusCode, error: facts.error, duration_ms: facts.durationMs },
      ...{ excerpt: facts.responseExcerpt, sequence: status === 'succeeded' ? delivery.event?.sequence : null },
    })),
  );
