import { setImmediate } from 'node:timers/promises';
import type { Segment } from './segment.js';

/** Gives the writer its files. */
export interface Segments {
  /** A fresh file; the one before is written no more. */
  roll(full: Segment | undefined): Promise<Segment>;
  failed(segment: Segment, error: unknown): void;
}

export interface Appended {
  bytes: Buffer;
  /** Tried again in a fresh file when the first one fails. */
  precious: boolean;
  /** Called before anything else can happen to the file. */
  onDisk: (segment: Segment) => void;
}

interface Waiting extends Appended {
  /** No caller waits for it. */
  later: boolean;
  done: () => void;
  failed: (error: unknown) => void;
}

/**
 * Appends in groups: what arrives while one group is being forced to disk makes up the next one, so that many records share
 * one write. Records keep their order.
 */
export class GroupWriter {
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #flushing = false;
  #active: Segment | undefined;

  constructor(private readonly segments: Segments) {}

  get active(): Segment | undefined {
    return this.#active;
  }

  get idle(): boolean {
    return !this.#running && this.#queue.length === 0;
  }

  /** Resolves when the record is on disk. */
  append(record: Appended): Promise<void> {
    return new Promise((done, failed) => {
      this.#queue.push({ ...record, later: false, done, failed });
      this.#running ??= this.run();
    });
  }

  /** Goes with the next group, whenever that is. */
  appendLater(bytes: Buffer): void {
    this.#queue.push({
      bytes,
      later: true,
      precious: false,
      onDisk: () => undefined,
      done: () => undefined,
      failed: () => undefined,
    });
  }

  /** Resolves when the queue is empty; never rejects. */
  flush(): Promise<void> {
    this.#flushing = true;
    this.#running ??= this.run();
    return this.#running;
  }

  /** Drops records that no caller waits for and no recovery needs. */
  reset(): void {
    if (!this.#running) this.#queue = [];
  }

  /** The file written so far, which is written no more. */
  detach(): Segment | undefined {
    const active = this.#active;
    this.#active = undefined;
    return active;
  }

  private async run(): Promise<void> {
    // Not at once: what is appended in the same turn of the event loop belongs into the same group.
    await setImmediate();
    for (let next = this.next(); next; next = this.next()) {
      const segment = await this.segmentFor(next);
      if (segment) await this.write(segment, this.nextGroup(segment.freeBytes));
      await setImmediate();
    }
    // In the same turn in which the queue was seen empty: a record that comes later starts a run of its own.
    this.#running = undefined;
    this.#flushing = false;
  }

  /** The first record, where there is a reason to write now. */
  private next(): Waiting | undefined {
    return this.#flushing || this.#queue.some(({ later }) => !later) ? this.#queue[0] : undefined;
  }

  private async segmentFor(next: Waiting): Promise<Segment | undefined> {
    try {
      if (!this.#active || this.#active.freeBytes < next.bytes.length)
        this.#active = await this.segments.roll(this.detach());
      return this.#active;
    } catch (error) {
      this.#queue.shift();
      next.failed(error);
      return undefined;
    }
  }

  private nextGroup(freeBytes: number): Waiting[] {
    let bytes = 0;
    const tooMany = this.#queue.findIndex((waiting) => (bytes += waiting.bytes.length) > freeBytes);
    return this.#queue.splice(0, tooMany < 0 ? this.#queue.length : tooMany);
  }

  private async write(segment: Segment, group: Waiting[]): Promise<void> {
    try {
      await segment.append(Buffer.concat(group.map(({ bytes }) => bytes)));
    } catch (error) {
      this.segments.failed(segment, error);
      for (const waiting of group.filter(({ precious }) => !precious)) waiting.failed(error);
      this.#queue.unshift(
        ...group.filter(({ precious }) => precious).map((waiting) => ({ ...waiting, precious: false })),
      );
      return;
    }
    for (const { onDisk } of group) onDisk(segment);
    for (const { done } of group) done();
  }
}
