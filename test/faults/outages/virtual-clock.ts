import type { Pool, PoolClient } from 'pg';
import type { Clock } from '#exchanger/testing';

interface Alarm {
  at: number;
  work: () => void;
}

/** Reads a session setting. A function that is replaced at each turn would invalidate every query plan. */
const READ_FROM_SESSION = `
  create or replace function db_now() returns timestamptz language sql stable as $$ select to_timestamp(current_setting('virtual.now')::float8) $$`;

/**
 * A clock that advances only on request, shared by the gate and the database. The real duration of a step does not count.
 */
export class VirtualClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  readonly #began = Date.now();
  readonly #sessionTimes = new WeakMap<PoolClient, number>();
  #now = 0;

  constructor(private readonly pool: Pool) {}

  /** From now on, every query through the pool sees this time. */
  async start(): Promise<void> {
    this.pool.on('acquire', (client) => {
      this.setSessionTime(client);
    });
    await this.pool.query(READ_FROM_SESSION);
  }

  /** Milliseconds since the start. */
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

  /** Resolves after this virtual time. */
  after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(this.#now + milliseconds, resolve);
    });
  }

  /** The time of the next alarm. */
  nextAlarm(): number {
    return Math.min(...[...this.#alarms].map(({ at }) => at));
  }

  /** Advances to that moment and runs the due alarms in order. */
  turnTo(moment: number): void {
    this.#now = moment;
    const due = [...this.#alarms].filter(({ at }) => at <= moment).sort((a, b) => a.at - b.at);
    for (const alarm of due) if (this.#alarms.delete(alarm)) alarm.work();
  }

  /** Runs before the next query of the connection. */
  private setSessionTime(client: PoolClient): void {
    if (this.#sessionTimes.get(client) === this.#now) return;
    this.#sessionTimes.set(client, this.#now);
    void client.query(`select set_config('virtual.now', $1, false)`, [String((this.#began + this.#now) / 1_000)]);
  }
}
