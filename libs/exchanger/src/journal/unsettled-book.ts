import type { JournaledIntent } from './journal.js';
import type { Segment } from './segment.js';

/** An exchange that is not settled, and where its records lie. */
export interface Entry {
  readonly intent: JournaledIntent;
  readonly segments: Set<Segment>;
  bytes: number;
}

/** Which records are still needed: a segment without any may be recycled. */
export class UnsettledBook {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get intents(): JournaledIntent[] {
    return [...this.#entries.values()].map(({ intent }) => intent);
  }

  has(entry: Entry): boolean {
    return this.#entries.get(entry.intent.intentId) === entry;
  }

  /** A new dispatch: what an earlier one of the same intent left counts no more. */
  begin(intent: JournaledIntent): Entry {
    this.settle(intent.intentId);
    return this.enter(intent);
  }

  /** The entry of the exchange, made where there is none. */
  enter(intent: JournaledIntent): Entry {
    const entry = this.#entries.get(intent.intentId) ?? { intent, segments: new Set(), bytes: 0 };
    this.#entries.set(intent.intentId, entry);
    return entry;
  }

  /** A record of the exchange is on disk; one that was settled meanwhile needs it no more. */
  wrote(entry: Entry, segment: Segment, bytes: number): void {
    if (!this.has(entry)) return;
    entry.bytes += bytes;
    this.#bytes += bytes;
    if (entry.segments.has(segment)) return;
    entry.segments.add(segment);
    segment.live += 1;
  }

  settle(intentId: string): Entry | undefined {
    const entry = this.#entries.get(intentId);
    if (!entry) return undefined;
    this.#entries.delete(intentId);
    this.#bytes -= entry.bytes;
    for (const segment of entry.segments) segment.live -= 1;
    return entry;
  }
}
