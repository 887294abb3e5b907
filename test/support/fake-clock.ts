import type { Clock } from '../../libs/exchanger/src/gate/clock.js';

interface Alarm {
  at: number;
  work: () => void;
}

/** A clock that stands until a test moves it, and then runs the timers that are due on the way, in order. */
export class FakeClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  #now = 0;

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

  /** Lets time pass; promises that settle on the way are followed before it continues. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (let next = this.next(end); next; next = this.next(end)) {
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
      await new Promise(setImmediate);
    }
    this.#now = end;
    await new Promise(setImmediate);
  }

  private next(end: number): Alarm | undefined {
    return [...this.#alarms].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
