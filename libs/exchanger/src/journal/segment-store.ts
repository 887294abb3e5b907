import type { Disk, DiskFile } from './disk.js';
import type { Layout } from './layout.js';
import { Segment } from './segment.js';

const SEGMENT = /^(\d{12})\.segment(\.damaged)?$/;
const ERASED = '.erased';
/** Set by the operator, see docs/runbooks/journal.md. */
const DAMAGED = '.damaged';
const SALVAGED = '.salvaged';
const PIECE = 256 * 1024;

export const isDamaged = (name: string): boolean => name.endsWith(DAMAGED);

/**
 * The files of a journal: allocated before they are needed, and recycled when their records are settled. Guarantees: a spare
 * has its blocks, so that a full disk cannot refuse a record; a file with records is erased only through `setAside`; one with a
 * record that does not open is never erased.
 */
export class SegmentStore {
  #last = 0;
  readonly #spares: Segment[] = [];

  constructor(
    private readonly disk: Disk,
    private readonly layout: Layout,
  ) {}

  get spares(): number {
    return this.#spares.length;
  }

  /** Exchanges for which the spare files have space. */
  get slots(): number {
    return this.#spares.length * Math.floor(this.layout.segmentSize / this.layout.slot);
  }

  /** The names of the files of an earlier process, oldest first; new ones come behind them. */
  async earlier(): Promise<string[]> {
    const names = (await this.disk.names()).sort();
    for (const name of names.filter((one) => one.endsWith(ERASED))) await this.disk.remove(name);
    const segments = names.filter((name) => SEGMENT.test(name));
    this.#last = Number(SEGMENT.exec(segments.at(-1) ?? '')?.[1] ?? 0);
    return segments;
  }

  /** Takes over a file of an earlier process; one in which nothing is written becomes a spare. */
  async adopt({ name, size, blank }: { name: string; size: number; blank: boolean }): Promise<Segment | undefined> {
    const spare = blank && size === this.layout.segmentSize;
    const segment = new Segment(name, size, await this.disk.open(name), spare ? 0 : size);
    if (!spare) return segment;
    this.#spares.push(segment);
    return undefined;
  }

  /** The oldest spare. */
  take(): Segment | undefined {
    return this.#spares.shift();
  }

  /** Writes a new spare full of zeroes, so that the file system has given its blocks for good. */
  async allocate(): Promise<void> {
    const name = this.nextName();
    const file = await this.disk.create(name);
    try {
      await zero(file, this.layout.segmentSize);
      await this.disk.sync();
    } catch (error) {
      await file.close().catch(() => undefined);
      await this.disk.remove(name).catch(() => undefined);
      throw error;
    }
    this.#spares.push(new Segment(name, this.layout.segmentSize, file));
  }

  /** First step of emptying: one that is half zeroes must never be read as records, so its name goes first. */
  async setAside(segment: Segment): Promise<void> {
    if (!segment.name.endsWith(ERASED)) await this.disk.rename(segment.name, segment.name + ERASED);
    segment.name = segment.name.replace(ERASED, '') + ERASED;
    await this.disk.sync();
  }

  /** In place of erasing: the file holds records that did not open. */
  async salvaged({ file, name }: Segment): Promise<void> {
    await file.close();
    await this.disk.rename(name, name.replace(DAMAGED, SALVAGED));
  }

  /** Second step: it becomes a spare, so that a full disk cannot prevent it. */
  async reuse(segment: Segment): Promise<void> {
    if (segment.doubted || segment.size !== this.layout.segmentSize) return this.unlink(segment);
    const name = this.nextName();
    try {
      await zero(segment.file, segment.used);
      await this.disk.rename(segment.name, name);
      await this.disk.sync();
    } catch (error) {
      await this.unlink(segment).catch(() => undefined);
      throw error;
    }
    this.#spares.push(new Segment(name, segment.size, segment.file));
  }

  /** Second step where there are spares enough. */
  async unlink({ file, name }: Segment): Promise<void> {
    await file.close();
    await this.disk.remove(name);
  }

  async close(): Promise<void> {
    await Promise.all(this.#spares.splice(0).map(({ file }) => file.close()));
  }

  private nextName(): string {
    this.#last += 1;
    return `${String(this.#last).padStart(12, '0')}.segment`;
  }
}

/** In pieces, so that no answer waits behind megabytes of zeroes on its way to the disk. */
async function zero(file: DiskFile, length: number): Promise<void> {
  const piece = Buffer.alloc(Math.min(PIECE, length));
  for (let at = 0; at < length; at += piece.length) await file.write(piece.subarray(0, length - at), at);
}
