import { Injectable } from '@nestjs/common';
import { type Duration, minutes } from '#config';
import { Database, deleteOldAccountEvents, deleteOldIdempotencyKeys, deleteOldOutboxEvents } from '#persistence';
import { deleteOldIntents } from '#tokens';

export interface SweepHistoryOptions {
  /** How long the history of accounts is kept. */
  eventDays: number;
  /** Rows that one statement deletes, so that it holds its locks briefly. */
  batch?: number;
  /** The rest waits for the next sweep. */
  within?: Duration;
}

/** Deletes rows whose retention has ended: intents of exchanges, account events, events of the outbox, idempotency keys. */
@Injectable()
export class SweepHistory {
  constructor(private readonly database: Database) {}

  /** Returns the number of deleted rows. */
  async execute({ eventDays, batch = 1_000, within = minutes(1) }: SweepHistoryOptions): Promise<number> {
    const { pool } = this.database;
    const kinds = [
      () => deleteOldIntents(pool, batch),
      () => deleteOldAccountEvents(pool, batch, eventDays),
      () => deleteOldOutboxEvents(pool, batch),
      () => deleteOldIdempotencyKeys(pool, batch),
    ];
    const end = performance.now() + within;
    let deleted = 0;
    for (const deleteBatch of kinds) {
      let last: number;
      // Each kind gets at least one batch, so that a large one does not starve the others.
      do {
        last = await deleteBatch();
        deleted += last;
      } while (last === batch && performance.now() < end);
    }
    return deleted;
  }
}
