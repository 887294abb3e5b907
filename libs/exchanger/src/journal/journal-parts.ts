import { type Duration } from '#config';
import type { Keyring } from '#crypto';
import type { Logger } from '#observability';
import type { DirectoryLock } from './directory-lock.js';
import type { Disk } from './disk.js';
import { type FolderName, readFolderName } from './folder-name.js';
import { GroupWriter } from './group-writer.js';
import type { Unsettled } from './journal.js';
import { KeptAnswers } from './kept-answers.js';
import { type Layout, LAYOUT } from './layout.js';
import { RecordCodec } from './record.js';
import { replayJournal } from './replay.js';
import type { Segment } from './segment.js';
import { SegmentKeeper } from './segment-keeper.js';
import { SegmentStore } from './segment-store.js';
import { SetAsideEntries } from './set-aside.js';
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

/** What a journal works with. */
export interface Parts {
  disk: Disk;
  logger: Logger;
  lock: DirectoryLock;
  codec: RecordCodec;
  book: UnsettledBook;
  keeper: SegmentKeeper;
  writer: GroupWriter;
  layout: Layout;
  inFlight: Set<string>;
  aside: SetAsideEntries;
  kept: KeptAnswers;
}

/** Reads a folder that this process holds. */
export async function openParts(
  disk: Disk,
  lock: DirectoryLock,
  { keyring, logger, ...given }: FileJournalOptions,
): Promise<{ parts: Parts; unsettled: Unsettled[]; name: FolderName }> {
  const layout = { ...LAYOUT, ...given.layout };
  const codec = new RecordCodec(keyring);
  const book = new UnsettledBook();
  const store = new SegmentStore(disk, layout);
  const aside = await SetAsideEntries.open(disk, codec);
  const kept = new KeptAnswers({ disk, codec, logger });
  const { unsettled, segments } = await replayJournal({ disk, store, book, codec, logger, kept });
  const name = await readFolderName(disk);
  const inFlight = new Set<string>();
  const keeper: SegmentKeeper = new SegmentKeeper(
    {
      ...{ store, layout, logger, inFlight: () => inFlight.size },
      move: (segment) => moveEntries(book, writer, segment),
      dropped: (segment) => {
        kept.drop(segment);
      },
    },
    segments,
  );
  const writer = new GroupWriter(keeper);
  await keeper.tend();
  const inSegments = unsettled.filter(({ intent }) => !aside.has(intent.intentId));
  return {
    parts: { disk, logger, lock, codec, book, keeper, writer, layout, inFlight, aside, kept },
    unsettled: [...aside.all, ...inSegments],
    name,
  };
}

/** Writes again what unsettled exchanges still need of a segment. */
async function moveEntries(book: UnsettledBook, writer: GroupWriter, segment: Segment): Promise<void> {
  await Promise.all(book.in(segment).map((entry) => rewrite(book, writer, entry)));
}

async function rewrite(book: UnsettledBook, writer: GroupWriter, entry: Entry): Promise<void> {
  const before = [...entry.segments];
  const written = new Set<Segment>();
  const isAnswered = entry.answerIn !== undefined;
  const writes = [...entry.records].map((record) =>
    writer.append({
      bytes: record.bytes,
      precious: true,
      onDisk: (segment) => {
        book.wrote(entry, segment, record);
        written.add(segment);
        if (isAnswered) entry.answerIn = segment;
      },
    }),
  );
  await Promise.all(writes);
  book.left(
    entry,
    before.filter((segment) => !written.has(segment)),
  );
}
