import type { DiskFile } from './disk.js';

/** One preallocated file of records, written from its beginning to its end. */
export class Segment {
  /** The number of unsettled exchanges with records in this segment. */
  live = 0;
  /** A write failed: the state of this file on disk is unknown from then on. */
  doubted = false;
  #used: number;

  constructor(
    public name: string,
    readonly size: number,
    readonly file: DiskFile,
    used = 0,
  ) {
    this.#used = used;
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
    try {
      await this.file.write(bytes, position);
    } catch (error) {
      this.doubted = true;
      throw error;
    }
  }
}
