import { Injectable } from '@nestjs/common';
import { type Duration, minutes } from '#config';
import { Database, deleteDispatchedEvents, deleteOldAccountEvents } from '#persistence';
import { forgetIntents } from '#tokens';

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
      () => deleteOldAccountEvents(pool, batch, eventDays),
      () => deleteDispatchedEvents(pool, batch),
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
