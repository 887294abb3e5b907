import { Injectable } from '@nestjs/common';
import { type Duration, minutes } from '#config';
import { Database } from '#persistence';
import { forgetIntents } from '#tokens';

const OLD_EVENTS = `
  delete from account_events where id in (
    select id from account_events where created_at < db_now() - make_interval(days => $2) order by created_at limit $1)`;
/** What nobody was told yet stays, however old it is. */
const OLD_DISPATCHES = `
  delete from outbox where id in (
    select id from outbox where dispatched_at < db_now() - interval '30 days' order by dispatched_at limit $1)`;

export interface SweepHistoryOptions {
  /** For how long the history of accounts is kept. */
  eventDays: number;
  /** Rows that one statement deletes, so that none holds its locks for long. */
  batch?: number;
  /** What is left then waits for the next sweep. */
  within?: Duration;
}

/** Forgets what was kept long enough: ended exchanges, the history of accounts, events that were delivered. */
@Injectable()
export class SweepHistory {
  constructor(private readonly database: Database) {}

  /** How many rows it forgot. */
  async execute({ eventDays, batch = 1_000, within = minutes(1) }: SweepHistoryOptions): Promise<number> {
    const { pool } = this.database;
    const kinds = [
      () => forgetIntents(pool, batch),
      async () => (await pool.query(OLD_EVENTS, [batch, eventDays])).rowCount ?? 0,
      async () => (await pool.query(OLD_DISPATCHES, [batch])).rowCount ?? 0,
    ];
    const end = performance.now() + within;
    let forgotten = 0;
    for (const forget of kinds) {
      let last = batch;
      // A kind that never ends must not keep the others from their turn for ever: each gets at least one batch.
      do forgotten += last = await forget();
      while (last === batch && performance.now() < end);
    }
    return forgotten;
  }
}
