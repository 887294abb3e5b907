import type { DiskFile } from './disk.js';

/** One preallocated file of records, written from its beginning to its end. */
export class Segment {
  /** The number of unsettled exchanges with records in this segment. */
  live = 0;
  /** The number of kept answers in this segment. */
  kept = 0;
  /** A write failed: the state of this file on disk is unknown from then on. */
  doubted = false;
  #used: number;
  #firstAt: number | undefined;
  #lastAt = performance.now();

  constructor(
    public name: string,
    readonly size: number,
    readonly file: DiskFile,
    used = 0,
  ) {
    this.#used = used;
  }

  /** Milliseconds since the first record of this process, or since its start for a file of an earlier one. */
  get age(): number {
    return this.#firstAt === undefined ? 0 : performance.now() - this.#firstAt;
  }

  /** Milliseconds since the last record. */
  get idleFor(): number {
    return performance.now() - this.#lastAt;
  }

  get used(): number {
    return this.#used;
  }

  get freeBytes(): number {
    return this.doubted ? 0 : this.size - this.#used;
  }

  /** Resolves when it is on disk. After a failure the file is not to be written again: a second try may lie. */
  async append(bytes: Buffer): Promise<void> {
    const position = this.#used;
    this.#used += bytes.length;
    this.#lastAt = performance.now();
    this.#firstAt ??= this.#lastAt;
    try {
      await this.file.write(bytes, position);
    } catch (error) {
      this.doubted = true;
      throw error;
    }
  }
}
