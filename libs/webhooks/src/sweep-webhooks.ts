import { Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { Database } from '#persistence';
import { deleteRemoved } from './endpoints/webhooks.js';
import type { Pool } from 'pg';
import { WAITING } from './delivery/lanes.js';

/** Of one statement, so that none holds its locks for long. A sweep repeats it while rows are left, for a limited time. */
const MAX_ROWS = 10_000;
const LONGEST_SWEEP = seconds(30);

/** A replay queues before it makes its lanes due, and its process may end in between. */
const WAKE = `
  update webhook_lanes set next_attempt_at = db_now() where id in (
    select id from webhook_lanes where next_attempt_at is null
      and id in (select lane_id from webhook_deliveries where ${WAITING}) for no key update skip locked)`;

async function wakeIdleLanes(pool: Pool): Promise<number> {
  return (await pool.query(WAKE)).rowCount ?? 0;
}

/** As long as the events. What still waits then has no event any more. */
const OLD = `
  delete from webhook_deliveries where id in (
    select id from webhook_deliveries where created_at < db_now() - interval '30 days' order by created_at limit $1)`;

async function deleteOldDeliveries(pool: Pool, limit: number): Promise<number> {
  return (await pool.query(OLD, [limit])).rowCount ?? 0;
}

/** The lane of an event without an account has done its work with it; that of an account begins anew. */
const IDLE = `
  delete from webhook_lanes where id in (
    select id from webhook_lanes lane where next_attempt_at is null
      and not exists (select from webhook_deliveries where lane_id = lane.id) limit $1 for update skip locked)`;

async function deleteIdleLanes(pool: Pool, limit: number): Promise<number> {
  return (await pool.query(IDLE, [limit])).rowCount ?? 0;
}

async function repeat(
  deleteSome: (pool: Pool, limit: number) => Promise<number>,
  pool: Pool,
  end: number,
): Promise<number> {
  let [deleted, last] = [0, MAX_ROWS];
  while (last === MAX_ROWS && performance.now() < end) {
    last = await deleteSome(pool, MAX_ROWS);
    deleted += last;
  }
  return deleted;
}

/** Deletes what is no longer needed, and finds what waits without being due. */
@Injectable()
export class SweepWebhooks {
  constructor(private readonly database: Database) {}

  /** `woken`: lanes with waiting events that nothing would have sent. There should be none. */
  async execute(): Promise<{ deleted: number; woken: number }> {
    const { pool } = this.database;
    const woken = await wakeIdleLanes(pool);
    const end = performance.now() + LONGEST_SWEEP;
    const deleted = (await repeat(deleteOldDeliveries, pool, end)) + (await repeat(deleteIdleLanes, pool, end));
    return { deleted: deleted + (await deleteRemoved(pool)), woken };
  }
}
