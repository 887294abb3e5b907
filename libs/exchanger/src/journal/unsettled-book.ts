import type { JournaledIntent } from './journal.js';
import type { Segment } from './segment.js';

/** A record as it lies on disk, and the id of the master key that sealed it. */
export interface WrittenRecord {
  bytes: Buffer;
  keyId: string;
}

/** An exchange that is not settled, and where its records lie. */
export interface Entry {
  readonly intent: JournaledIntent;
  readonly segments: Set<Segment>;
  readonly records: Set<WrittenRecord>;
  /** Where its answer lies. */
  answerIn?: Segment;
}

/** Which records are still needed: a segment without any may be recycled. */
export class UnsettledBook {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    let bytes = 0;
    for (const { records } of this.#entries.values()) for (const record of records) bytes += record.bytes.length;
    return bytes;
  }

  get intents(): JournaledIntent[] {
    return [...this.#entries.values()].map(({ intent }) => intent);
  }

  /** How many unsettled exchanges have records under each master key. */
  get exchangesByKey(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { records } of this.#entries.values())
      for (const id of new Set([...records].map(({ keyId }) => keyId))) counts[id] = (counts[id] ?? 0) + 1;
    return counts;
  }

  get(intentId: string): Entry | undefined {
    return this.#entries.get(intentId);
  }

  has(entry: Entry): boolean {
    return this.#entries.get(entry.intent.intentId) === entry;
  }

  /** The entries with records in a segment. */
  in(segment: Segment): Entry[] {
    return [...this.#entries.values()].filter(({ segments }) => segments.has(segment));
  }

  /** A new dispatch: what an earlier one of the same intent left counts no more. */
  begin(intent: JournaledIntent): Entry {
    this.settle(intent.intentId);
    return this.enter(intent);
  }

  /** The entry of the exchange, made where there is none. */
  enter(intent: JournaledIntent): Entry {
    const entry = this.#entries.get(intent.intentId) ?? { intent, segments: new Set(), records: new Set() };
    this.#entries.set(intent.intentId, entry);
    return entry;
  }

  /** A record of the exchange is on disk; one that was settled meanwhile needs it no more. */
  wrote(entry: Entry, segment: Segment, record: WrittenRecord): void {
    if (!this.has(entry)) return;
    entry.records.add(record);
    if (entry.segments.has(segment)) return;
    entry.segments.add(segment);
    segment.live += 1;
  }

  /** The records of an entry have been written again, to other segments. */
  left(entry: Entry, segments: Iterable<Segment>): void {
    if (!this.has(entry)) return;
    for (const segment of segments) if (entry.segments.delete(segment)) segment.live -= 1;
  }

  settle(intentId: string): Entry | undefined {
    const entry = this.#entries.get(intentId);
    if (!entry) return undefined;
    this.#entries.delete(intentId);
    for (const segment of entry.segments) segment.live -= 1;
    return entry;
  }
}
