import type { JournaledIntent } from './journal.js';
import type { Segment } from './segment.js';

/** An exchange that is not settled, and where its records lie. */
export interface Entry {
  readonly intent: JournaledIntent;
  readonly segments: Set<Segment>;
  /** The ids of the master keys that sealed its records. */
  readonly keyIds: Set<string>;
  bytes: number;
}

/** A record on disk: its segment, its size in bytes, and the id of the master key that sealed it. */
export interface WrittenRecord {
  segment: Segment;
  bytes: number;
  keyId: string;
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

  /** How many unsettled exchanges have records under each master key. */
  get exchangesByKey(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { keyIds } of this.#entries.values()) for (const id of keyIds) counts[id] = (counts[id] ?? 0) + 1;
    return counts;
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
    const entry = this.#entries.get(intent.intentId) ?? { intent, segments: new Set(), keyIds: new Set(), bytes: 0 };
    this.#entries.set(intent.intentId, entry);
    return entry;
  }

  /** A record of the exchange is on disk; one that was settled meanwhile needs it no more. */
  wrote(entry: Entry, { segment, bytes, keyId }: WrittenRecord): void {
    if (!this.has(entry)) return;
    entry.keyIds.add(keyId);
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
