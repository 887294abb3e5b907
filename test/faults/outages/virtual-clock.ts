import type { Pool, PoolClient } from 'pg';
import type { Clock } from '#exchanger/testing';

interface Alarm {
  at: number;
  work: () => void;
}

/** Read from the session and in place of the call: a function made anew at each turn would have every statement planned anew. */
const READ_FROM_SESSION = `
  create or replace function db_now() returns timestamptz language sql stable as $$ select to_timestamp(current_setting('virtual.now')::float8) $$`;

/**
 * Time that stands still until it is turned, one for the gate and for the database: what the machine needs for a step counts
 * for nothing.
 */
export class VirtualClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  readonly #began = Date.now();
  readonly #told = new WeakMap<PoolClient, number>();
  #now = 0;

  constructor(private readonly pool: Pool) {}

  /** From here on the database has this time, for all that is asked through the pool. */
  async start(): Promise<void> {
    this.pool.on('acquire', (client) => {
      this.tell(client);
    });
    await this.pool.query(READ_FROM_SESSION);
  }

  /** Milliseconds since the beginning. */
  now(): number {
    return this.#now;
  }

  at(moment: number, work: () => void): () => void {
    const alarm = { at: moment, work };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  /** Resolves when so much time has passed. */
  after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(this.#now + milliseconds, resolve);
    });
  }

  /** When somebody wants to be called next. */
  nextAlarm(): number {
    return Math.min(...[...this.#alarms].map(({ at }) => at));
  }

  /** Goes on to that moment, and calls who wanted to be called by then, in order. */
  turnTo(moment: number): void {
    this.#now = moment;
    const due = [...this.#alarms].filter(({ at }) => at <= moment).sort((a, b) => a.at - b.at);
    for (const alarm of due) if (this.#alarms.delete(alarm)) alarm.work();
  }

  /** Before anything else is asked of that connection. */
  private tell(client: PoolClient): void {
    if (this.#told.get(client) === this.#now) return;
    this.#told.set(client, this.#now);
    void client.query(`select set_config('virtual.now', $1, false)`, [String((this.#began + this.#now) / 1_000)]);
  }
}
