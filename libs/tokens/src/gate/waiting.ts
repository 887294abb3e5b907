import TinyQueue from 'tinyqueue';
import type { Pass, Refusal, Urgency, Wish } from './gate.js';

/** Somebody who waits for a pass. */
export interface Waiter {
  readonly wish: Wish;
  /** The lower goes first among its urgency: the turn it came in, or for due work the moment its access token ends. */
  readonly key: number;
  settle(answer: Pass | Refusal): void;
}

/** The most urgent first. */
export const URGENCIES = ['unknown', 'forced', 'due'] as const satisfies readonly Urgency[];

/** Negative: `a` goes before `b`. */
export const compareWaiters = (a: Waiter, b: Waiter): number =>
  URGENCIES.indexOf(a.wish.urgency) - URGENCIES.indexOf(b.wish.urgency) || a.key - b.key;

/** Who waits for one app. */
export class Waiting {
  readonly #queues = { unknown: queue(), forced: queue(), due: queue() };

  get length(): number {
    return this.#queues.unknown.length + this.#queues.forced.length + this.#queues.due.length;
  }

  add(waiter: Waiter): void {
    this.#queues[waiter.wish.urgency].push(waiter);
  }

  first(urgency: Urgency): Waiter | undefined {
    return this.#queues[urgency].peek();
  }

  has(urgency: Urgency): boolean {
    return this.#queues[urgency].length > 0;
  }

  take(urgency: Urgency): Waiter | undefined {
    return this.#queues[urgency].pop();
  }

  /** Empties it. */
  takeAll(): Waiter[] {
    return URGENCIES.flatMap((urgency) => {
      const all = this.#queues[urgency].data;
      this.#queues[urgency] = queue();
      return all;
    });
  }
}

function queue(): TinyQueue<Waiter> {
  return new TinyQueue<Waiter>([], (a, b) => a.key - b.key);
}
