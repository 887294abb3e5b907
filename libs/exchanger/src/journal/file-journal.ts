import { seconds } from '#config';
import { CodedError } from '#observability';
import type { PlatformAnswer } from '#providers';
import { DirectoryLock } from './directory-lock.js';
import { type FolderName, writeFolderName } from './folder-name.js';
import { FolderDisk } from './folder-disk.js';
import type { Journal, JournaledIntent, KeptAnswer, Unsettled } from './journal.js';
import { type FileJournalOptions, openParts, type Parts } from './journal-parts.js';
import type { Segment } from './segment.js';
import type { Entry } from './unsettled-book.js';

export interface OpenedJournal {
  journal: FileJournal;
  /** What an earlier process left behind. */
  unsettled: Unsettled[];
  folder: JournalFolder;
}

/** The folder of an opened journal. */
export interface JournalFolder {
  name: FolderName;
  /** Where it lies: a copy of the folder lies elsewhere. */
  place: string;
  rename(name: FolderName): Promise<void>;
}

/** The journal on disk. One process holds its folder; sealed records go to preallocated files and are forced to disk in groups. */
export class FileJournal implements Journal {
  #tidying: NodeJS.Timeout | undefined;
  #closed = false;

  readonly #aging: NodeJS.Timeout;

  private constructor(private readonly parts: Parts) {
    this.#aging = setInterval(() => {
      void this.tidy();
    }, parts.layout.keep / 4).unref();
  }

  /** Throws `journal.held` when another process still uses the folder. */
  static async open(folder: string, options: FileJournalOptions): Promise<OpenedJournal> {
    const real = await FolderDisk.open(folder);
    const lock = await DirectoryLock.take(folder, options.waitFor ?? seconds(5));
    try {
      const { parts, unsettled, name } = await openParts(options.disk?.(real) ?? real, lock, options);
      const { place } = lock;
      const rename = (to: FolderName): Promise<void> => writeFolderName(parts.disk, to);
      return { journal: new FileJournal(parts), unsettled, folder: { name, place, rename } };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Bytes of records that are still needed. */
  get bytes(): number {
    return this.parts.book.bytes;
  }

  /** Bytes of all files. */
  get size(): number {
    return this.parts.keeper.bytes + (this.parts.writer.active?.size ?? 0);
  }

  /** Kept answers that were overwritten before their time. */
  get overwritten(): number {
    return this.parts.keeper.overwritten;
  }

  get unsettledCount(): number {
    return this.parts.book.size;
  }

  get asideCount(): number {
    return this.parts.aside.all.length;
  }

  /** Exchanges whose records are still needed, by the id of the master key that sealed them. */
  get exchangesByKey(): Record<string, number> {
    const counts = this.parts.book.exchangesByKey;
    for (const id of this.parts.aside.keyIds) counts[id] = (counts[id] ?? 0) + 1;
    return counts;
  }

  writable(): boolean {
    const { keeper, inFlight, layout } = this.parts;
    return !this.#closed && keeper.slots(this.parts.writer.active) >= inFlight.size + layout.beside;
  }

  async dispatched(intent: JournaledIntent): Promise<void> {
    if (!this.writable()) throw new CodedError('journal.full', 'the journal has no space for one more exchange');
    const { book, inFlight, keeper } = this.parts;
    const entry = book.begin(intent);
    inFlight.add(intent.intentId);
    void keeper.tend();
    try {
      await this.append('dispatched', entry);
    } catch (error) {
      // It may be on disk all the same.
      if (book.has(entry)) this.settled(intent.intentId);
      throw error;
    }
  }

  async answered(intent: JournaledIntent, answer: PlatformAnswer): Promise<void> {
    try {
      await this.append('answered', this.parts.book.enter(intent), answer);
    } finally {
      this.parts.inFlight.delete(intent.intentId);
    }
  }

  settled(intentId: string, isKept = false): void {
    if (this.parts.aside.has(intentId)) void this.removeAside(intentId);
    this.settleInSegments(intentId, isKept);
  }

  keptOf(grantId: string): KeptAnswer | undefined {
    return this.parts.kept.of(grantId);
  }

  kept(): KeptAnswer[] {
    return this.parts.kept.all;
  }

  readKept(grantIds: readonly string[]): Promise<Unsettled[]> {
    return this.parts.kept.read(grantIds);
  }

  async setAside(left: Unsettled): Promise<void> {
    const { intentId } = left.intent;
    if (!this.parts.aside.has(intentId)) await this.parts.aside.add(left);
    this.settleInSegments(intentId);
  }

  aside(subjectId: string): Unsettled | undefined {
    return this.parts.aside.get(subjectId);
  }

  private async removeAside(intentId: string): Promise<void> {
    try {
      await this.parts.aside.remove(intentId);
    } catch (error) {
      // The next start reads the file again, and finds its answer stored.
      this.parts.logger.warn({ err: error, intent: intentId }, 'journal.aside_not_removed');
    }
  }

  private settleInSegments(intentId: string, isKept = false): void {
    const { book, inFlight, codec, keeper, layout, kept } = this.parts;
    const entry = book.settle(intentId);
    inFlight.delete(intentId);
    if (!entry || this.#closed) return;
    if (isKept && entry.answerIn) kept.keep(entry.intent, entry.answerIn);
    this.parts.writer.appendLater(codec.encode({ type: 'settled', intent: entry.intent, answer: null, isKept }));
    void keeper.tend();
    this.#tidying ??= setTimeout(() => {
      void this.tidy();
    }, layout.quiet).unref();
  }

  /** Writes what waits, empties what may be emptied, and gives the folder free. */
  async close(): Promise<void> {
    await this.tidy();
    this.#closed = true;
    clearTimeout(this.#tidying);
    clearInterval(this.#aging);
    await this.parts.writer.flush();
    await this.parts.keeper.close();
    await this.parts.writer.detach()?.file.close();
    await this.parts.lock.release();
  }

  private async append(
    type: 'dispatched' | 'answered',
    entry: Entry,
    answer: PlatformAnswer | null = null,
  ): Promise<void> {
    const { codec, layout, book } = this.parts;
    const bytes = codec.encode({ type, intent: entry.intent, answer });
    if (bytes.length > layout.segmentSize)
      throw new CodedError('journal.too_large', 'the answer is larger than a file of the journal');
    const onDisk = (segment: Segment): void => {
      book.wrote(entry, segment, { bytes, keyId: codec.keyId });
      if (type === 'answered') entry.answerIn = segment;
    };
    await this.parts.writer.append({ bytes, precious: type === 'answered', onDisk });
  }

  /** When all is settled and nothing kept, nothing stays on disk; otherwise what was settled is written at least. */
  private async tidy(): Promise<void> {
    const { book, keeper, kept } = this.parts;
    clearTimeout(this.#tidying);
    this.#tidying = undefined;
    if (book.size === 0 && kept.size === 0) this.parts.writer.reset();
    await this.parts.writer.flush();
    const over = this.isOver ? this.parts.writer.detach() : undefined;
    if (over) keeper.retire(over);
    await keeper.tend();
  }

  /** Whether the file that is written now has no needed record, or holds answers for long enough. */
  private get isOver(): boolean {
    const { book, layout } = this.parts;
    const { active, idle } = this.parts.writer;
    if (!active || active.used === 0 || !idle) return false;
    return (book.size === 0 && active.kept === 0) || active.age >= layout.keep;
  }
}
