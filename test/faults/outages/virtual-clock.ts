import type { Pool } from 'pg';
import type { Clock } from '#tokens';

interface Alarm {
  at: number;
  work: () => void;
}

/**
 * Time that stands still until it is turned, one for the gate and for the database: what the machine needs for a step counts
 * for nothing.
 */
export class VirtualClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  readonly #began = Date.now();
  #now = 0;

  constructor(private readonly pool: Pool) {}

  /** Milliseconds since the beginning. */
  now(): number {
    return this.#now;
  }

  at(moment: number, work: () => void): () => void {
    const alarm = { at: moment, work };
    this.#alarms.add(alarm);
    return () => { this.#alarms.delete(alarm); };
  }

  /** Resolves when so much time has passed. */
  after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => { this.at(this.#now + milliseconds, resolve); });
  }

  /** When somebody wants to be called next. */
  nextAlarm(): number {
    return Math.min(...[...this.#alarms].map(({ at }) => at));
  }

  /** Goes on to that moment, and calls who wanted to be called by then, in order. */
  async turnTo(moment: number): Promise<void> {
    this.#now = moment;
    const time = new Date(this.#began + moment).toISOString();
    await this.pool.query(`create or replace function db_now() returns timestamptz language sql stable as $$ select timestamptz '${time}' $$`);
    const due = [...this.#alarms].filter(({ at }) => at <= moment).sort((a, b) => a.at - b.at);
    for (const alarm of due) if (this.#alarms.delete(alarm)) alarm.work();
  }
}
