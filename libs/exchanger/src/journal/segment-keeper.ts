import type { Logger } from '#observability';
import type { Segments } from './group-writer.js';
import type { Layout } from './layout.js';
import type { Segment } from './segment.js';
import { isDamaged, type SegmentStore } from './segment-store.js';

export interface KeeperOptions {
  store: SegmentStore;
  layout: Layout;
  logger: Logger;
  /** Exchanges that wait for their answer just now. */
  inFlight: () => number;
  /** Writes the records that are still needed to another file. */
  move: (segment: Segment) => Promise<void>;
  /** The kept answers in a file are gone. */
  dropped: (segment: Segment) => void;
}

/**
 * Preallocates segments and recycles them in the background as a ring, oldest first: the record that settles an exchange is
 * never erased before the exchange's other records. Guarantees: a file whose records are all settled and not kept is recycled at
 * once; any other when it is older than `keep`, or when the ring is full. What it still holds of unsettled exchanges is written again
 * before, so that no exchange keeps a file, however long it lasts.
 */
export class SegmentKeeper implements Segments {
  readonly #retired: Segment[];
  /** Kept answers that were overwritten before their time. */
  overwritten = 0;
  #doubt = false;
  #closed = false;
  #work: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: KeeperOptions,
    earlier: Segment[],
  ) {
    this.#retired = earlier;
  }

  /** Bytes of all files, but the one being written. */
  get bytes(): number {
    const { store, layout } = this.options;
    return (store.spares + this.#retired.length) * layout.segmentSize;
  }

  /** Exchanges for which there is space; none after a failed write, until the disk accepts one. */
  slots(active: Segment | undefined): number {
    if (this.#doubt) return 0;
    return this.options.store.slots + Math.floor((active?.freeBytes ?? 0) / this.options.layout.slot);
  }

  async roll(full: Segment | undefined): Promise<Segment> {
    if (full) this.#retired.push(full);
    const spare = this.options.store.take() ?? (await this.allocated());
    void this.tend();
    return spare;
  }

  retire(segment: Segment): void {
    this.#retired.push(segment);
    void this.tend();
  }

  failed({ name }: Segment, error: unknown): void {
    this.#doubt = true;
    this.options.logger.error({ err: error, segment: name }, 'journal.write_failed');
    void this.tend();
  }

  /** Does what there is to do; never rejects. */
  tend(): Promise<void> {
    if (!this.#work && !this.#retry && this.needed) this.#work = this.work();
    return this.#work ?? Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#work;
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.options.store.close();
    await Promise.all(this.#retired.map(({ file }) => file.close()));
  }

  private get needed(): boolean {
    return !this.#closed && (this.isFree(this.#retired[0]) || this.lacksSpace);
  }

  /** Whether the oldest file may be recycled. */
  private isFree(oldest: Segment | undefined): boolean {
    if (!oldest) return false;
    const { ring, segmentSize, keep } = this.options.layout;
    if (oldest.live === 0 && oldest.kept === 0) return true;
    return oldest.idleFor >= keep || (this.#retired.length + 1) * segmentSize > ring;
  }

  private get lacksSpace(): boolean {
    const { store, layout, inFlight } = this.options;
    return this.#doubt || store.slots < Math.max(layout.ahead, inFlight() + layout.ahead / 4);
  }

  private async work(): Promise<void> {
    try {
      while (this.needed) await this.step();
    } catch (error) {
      this.options.logger.warn({ err: error }, 'journal.allocation_failed');
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        void this.tend();
      }, this.options.layout.retry).unref();
    }
    this.#work = undefined;
  }

  private async step(): Promise<void> {
    const [oldest] = this.#retired;
    if (oldest && this.isFree(oldest)) return this.empty(oldest);
    try {
      await this.refill();
    } catch (error) {
      // On a full disk the space of kept answers serves new exchanges.
      if (!oldest || oldest.live > 0 || oldest.kept === 0) throw error;
      await this.empty(oldest);
    }
  }

  private async empty(segment: Segment): Promise<void> {
    const { store, move, dropped, layout } = this.options;
    if (segment.live > 0) await move(segment);
    if (segment.live > 0) throw new Error(`${segment.name} still holds records that are needed`);
    if (segment.idleFor < layout.keep) this.overwritten += segment.kept;
    dropped(segment);
    if (isDamaged(segment.name)) {
      this.#retired.shift();
      return store.salvaged(segment);
    }
    await store.setAside(segment);
    this.#retired.shift();
    await (this.lacksSpace ? store.reuse(segment) : store.unlink(segment));
  }

  private async refill(): Promise<void> {
    await this.options.store.allocate();
    this.#doubt = false;
  }

  private async allocated(): Promise<Segment> {
    await this.refill();
    return this.options.store.take() ?? this.allocated();
  }
}
