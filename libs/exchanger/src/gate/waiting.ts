import TinyQueue from 'tinyqueue';
import type { Admission, Rejection, Urgency, AdmissionRequest } from './gate.js';

/** A request that waits for its admission. */
export interface Waiter {
  readonly request: AdmissionRequest;
  /** Arrival number: the first to come goes first, except among due requests. */
  readonly turn: number;
  settle: (answer: Admission | Rejection) => void;
}

/** The most urgent first. */
export const URGENCIES = ['unknown', 'forced', 'due'] as const satisfies readonly Urgency[];

/** Negative: `a` goes before `b`. */
export const compareWaiters = (a: Waiter, b: Waiter): number =>
  URGENCIES.indexOf(a.request.urgency) - URGENCIES.indexOf(b.request.urgency) || compareEquals(a, b);

/** Unknown outcomes within a grace period go first; among due requests the one whose access token ends first. */
const compareEquals = (a: Waiter, b: Waiter): number =>
  rankOf(a) - rankOf(b) || (a.request.urgency === 'due' ? endOf(a) - endOf(b) : 0) || a.turn - b.turn;

const rankOf = ({ request }: Waiter): number => (request.inGrace ? 0 : 1);

const endOf = ({ request }: Waiter): number => request.accessExpiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER;

/** The requests that wait for one app. */
export class Waiting {
  readonly #queues = { unknown: queue(), forced: queue(), due: queue() };

  get length(): number {
    return this.#queues.unknown.length + this.#queues.forced.length + this.#queues.due.length;
  }

  add(waiter: Waiter): void {
    this.#queues[waiter.request.urgency].push(waiter);
  }

  /** A caller waits now for a request that was only due: it becomes `forced` and keeps its arrival number. */
  lift(grantId: string): void {
    const due = this.#queues.due.data;
    const lifted = due.find(({ request }) => request.grantId === grantId);
    if (!lifted) return;
    this.#queues.due = queue(due.filter((other) => other !== lifted));
    this.add({ ...lifted, request: { ...lifted.request, urgency: 'forced' } });
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

  /** Removes and returns all of them. */
  takeAll(): Waiter[] {
    return URGENCIES.flatMap((urgency) => {
      const all = this.#queues[urgency].data;
      this.#queues[urgency] = queue();
      return all;
    });
  }
}

function queue(waiters: Waiter[] = []): TinyQueue<Waiter> {
  return new TinyQueue(waiters, compareEquals);
}
