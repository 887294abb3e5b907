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
}

/**
 * Preallocates segments and recycles settled ones in the background, oldest first: the record that settles an exchange is
 * never erased before the exchange's other records.
 */
export class SegmentKeeper implements Segments {
  readonly #retired: Segment[];
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
    return !this.#closed && (this.#retired[0]?.live === 0 || this.lacksSpace);
  }

  private get lacksSpace(): boolean {
    const { store, layout, inFlight } = this.options;
    return this.#doubt || store.slots < Math.max(layout.ahead, inFlight() + layout.ahead / 4);
  }

  private async work(): Promise<void> {
    try {
      while (this.needed) await (this.#retired[0]?.live === 0 ? this.empty(this.#retired[0]) : this.refill());
    } catch (error) {
      this.options.logger.warn({ err: error }, 'journal.allocation_failed');
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        void this.tend();
      }, this.options.layout.retry).unref();
    }
    this.#work = undefined;
  }

  private async empty(segment: Segment): Promise<void> {
    const { store } = this.options;
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
