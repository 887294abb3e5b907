import type { Logger } from '#observability';
import type { PlatformAnswer } from '#providers';
import type { Disk } from './disk.js';
import { type Frame, isZero, readFrames, toFrame } from './frame.js';
import type { Unsettled } from './journal.js';
import { type JournalRecord, keyIdOf, type RecordCodec } from './record.js';
import type { Segment } from './segment.js';
import { isDamaged, type SegmentStore } from './segment-store.js';
import type { UnsettledBook } from './unsettled-book.js';

export interface ReplayOptions {
  disk: Disk;
  store: SegmentStore;
  book: UnsettledBook;
  codec: RecordCodec;
  logger: Logger;
}

export interface Replayed {
  unsettled: Unsettled[];
  /** The files that hold records, oldest first. */
  segments: Segment[];
}

interface SegmentRead {
  name: string;
  size: number;
  blank: boolean;
  records: { frame: Frame; record: JournalRecord }[];
}

/**
 * Reads the records of an earlier process. Guarantee: every record is read before any file is opened for writing, so that a
 * start that fails changes nothing. A record that does not open throws `journal.unreadable`, one whose master key is missing
 * `journal.key_missing`. What a crash cut short is no record: it was never confirmed.
 */
export async function replayJournal(options: ReplayOptions): Promise<Replayed> {
  const { book, store } = options;
  const read: SegmentRead[] = [];
  for (const name of await store.earlier()) read.push(await readSegment(options, name));
  const answers = new Map<string, PlatformAnswer | null>();
  const segments: Segment[] = [];
  for (const { records, ...file } of read) {
    const segment = await store.adopt(file);
    if (!segment) continue;
    segments.push(segment);
    for (const { frame, record } of records) {
      const { type, intent, answer } = record;
      answers.set(intent.intentId, answer);
      const written = { segment, bytes: toFrame(frame).length, keyId: keyIdOf(frame.payload) };
      if (type === 'settled') book.settle(intent.intentId);
      else book.wrote(type === 'dispatched' ? book.begin(intent) : book.enter(intent), written);
    }
  }
  const unsettled = book.intents.map((intent) => ({ intent, answer: answers.get(intent.intentId) ?? null }));
  return { unsettled, segments };
}

async function readSegment({ disk, codec, logger }: ReplayOptions, name: string): Promise<SegmentRead> {
  const bytes = await disk.read(name);
  const { frames, broken, torn } = readFrames(bytes);
  if (broken > 0) logger.error({ segment: name, broken }, 'journal.records_broken');
  if (torn) logger.warn({ segment: name }, 'journal.last_write_incomplete');
  const records = frames.flatMap((frame) => {
    try {
      return [{ frame, record: codec.decode(frame, name) }];
    } catch (error) {
      // The operator has renamed the file, to start without the records that do not open.
      if (!isDamaged(name)) throw error;
      logger.error({ err: error, segment: name }, 'journal.record_skipped');
      return [];
    }
  });
  return { name, size: bytes.length, blank: isZero(bytes), records };
}
