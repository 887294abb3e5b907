import type { Keyring } from '#crypto';
import { type Duration, seconds } from '#config';
import { CodedError, type Logger } from '#observability';
import type { PlatformAnswer } from '#providers';
import { DirectoryLock } from './directory-lock.js';
import type { Disk } from './disk.js';
import { type FolderName, readFolderName, writeFolderName } from './folder-name.js';
import { FolderDisk } from './folder-disk.js';
import { GroupWriter } from './group-writer.js';
import type { Journal, JournaledIntent, Unsettled } from './journal.js';
import { SetAsideEntries } from './set-aside.js';
import { type Layout, LAYOUT } from './layout.js';
import { RecordCodec } from './record.js';
import { replayJournal } from './replay.js';
import type { Segment } from './segment.js';
import { SegmentKeeper } from './segment-keeper.js';
import { SegmentStore } from './segment-store.js';
import { type Entry, UnsettledBook } from './unsettled-book.js';

export interface FileJournalOptions {
  keyring: Keyring;
  logger: Logger;
  /** How long to wait for the process that holds the folder; it may be stopping. */
  waitFor?: Duration;
  layout?: Partial<Layout>;
  /** In place of the real folder: for tests. */
  disk?(real: Disk): Disk;
}

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

interface Parts {
  logger: Logger;
  lock: DirectoryLock;
  codec: RecordCodec;
  book: UnsettledBook;
  keeper: SegmentKeeper;
  layout: Layout;
  inFlight: Set<string>;
  aside: SetAsideEntries;
}

/** The journal on disk. One process holds its folder; sealed records go to preallocated files and are forced to disk in groups. */
export class FileJournal implements Journal {
  readonly #writer: GroupWriter;
  #tidying: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(private readonly parts: Parts) {
    this.#writer = new GroupWriter(parts.keeper);
  }

  /** Throws `journal.held` when another process still uses the folder. */
  static async open(folder: string, options: FileJournalOptions): Promise<OpenedJournal> {
    const real = await FolderDisk.open(folder);
    const lock = await DirectoryLock.take(folder, options.waitFor ?? seconds(5));
    try {
      return await openHeld(options.disk?.(real) ?? real, lock, options);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** For `open` alone. */
  static over(parts: Parts): FileJournal {
    return new FileJournal(parts);
  }

  /** Bytes of records that are still needed. */
  get bytes(): number {
    return this.parts.book.bytes;
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
    return !this.#closed && keeper.slots(this.#writer.active) >= inFlight.size + layout.beside;
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

  settled(intentId: string): void {
    if (this.parts.aside.has(intentId)) void this.removeAside(intentId);
    this.settleInSegments(intentId);
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

  private settleInSegments(intentId: string): void {
    const { book, inFlight, codec, keeper, layout } = this.parts;
    const entry = book.settle(intentId);
    inFlight.delete(intentId);
    if (!entry || this.#closed) return;
    this.#writer.appendLater(codec.encode({ type: 'settled', intent: entry.intent, answer: null }));
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
    await this.#writer.flush();
    await this.parts.keeper.close();
    await this.#writer.detach()?.file.close();
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
      book.wrote(entry, { segment, bytes: bytes.length, keyId: codec.keyId });
    };
    await this.#writer.append({ bytes, precious: type === 'answered', onDisk });
  }

  /** When all is settled nothing stays on disk; otherwise what was settled is written at least. */
  private async tidy(): Promise<void> {
    const { book, keeper } = this.parts;
    clearTimeout(this.#tidying);
    this.#tidying = undefined;
    if (book.size === 0) this.#writer.reset();
    await this.#writer.flush();
    const written = book.size === 0 && this.#writer.idle && (this.#writer.active?.used ?? 0) > 0;
    const active = written ? this.#writer.detach() : undefined;
    if (active) keeper.retire(active);
    await keeper.tend();
  }
}

async function openHeld(
  disk: Disk,
  lock: DirectoryLock,
  { keyring, logger, ...given }: FileJournalOptions,
): Promise<OpenedJournal> {
  const layout = { ...LAYOUT, ...given.layout };
  const codec = new RecordCodec(keyring);
  const book = new UnsettledBook();
  const store = new SegmentStore(disk, layout);
  const aside = await SetAsideEntries.open(disk, codec);
  const { unsettled, segments } = await replayJournal({ disk, store, book, codec, logger });
  const name = await readFolderName(disk);
  const inFlight = new Set<string>();
  const keeper = new SegmentKeeper({ store, layout, logger, inFlight: () => inFlight.size }, segments);
  await keeper.tend();
  const inSegments = unsettled.filter(({ intent }) => !aside.has(intent.intentId));
  return {
    journal: FileJournal.over({ lock, codec, book, keeper, layout, inFlight, aside, logger }),
    unsettled: [...aside.all, ...inSegments],
    folder: { name, place: lock.place, rename: (to) => writeFolderName(disk, to) },
  };
}
