import type { Logger } from '#observability';
import type { PlatformAnswer } from '#providers';
import type { Disk } from './disk.js';
import { type Frame, isZero, readFrames, toFrame } from './frame.js';
import type { Unsettled } from './journal.js';
import type { JournalRecord, RecordCodec } from './record.js';
import type { Segment } from './segment.js';
import type { SegmentStore } from './segment-store.js';
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

/** Reads the records of an earlier process. Unreadable records are logged and skipped, so that the others are recovered. */
export async function replayJournal(options: ReplayOptions): Promise<Replayed> {
  const answers = new Map<string, PlatformAnswer | null>();
  const segments: Segment[] = [];
  for (const name of await options.store.earlier()) {
    const segment = await readSegment(options, name, answers).catch((error: unknown) => {
      options.logger.error({ err: error, segment: name }, 'journal.segment_not_read');
    });
    if (segment) segments.push(segment);
  }
  const unsettled = options.book.intents.map((intent) => ({ intent, answer: answers.get(intent.intentId) ?? null }));
  return { unsettled, segments };
}

async function readSegment(
  options: ReplayOptions,
  name: string,
  answers: Map<string, PlatformAnswer | null>,
): Promise<Segment | undefined> {
  const bytes = await options.disk.read(name);
  const segment = await options.store.adopt(name, { size: bytes.length, blank: isZero(bytes) });
  if (!segment) return undefined;
  const { frames, broken, torn } = readFrames(bytes);
  if (broken > 0) options.logger.error({ segment: name, broken }, 'journal.records_broken');
  if (torn) options.logger.warn({ segment: name }, 'journal.last_write_incomplete');
  for (const frame of frames) {
    const record = decoded(options, name, frame);
    if (record) replay(options.book, { record, segment, bytes: toFrame(frame).length }, answers);
  }
  return segment;
}

function decoded({ codec, logger }: ReplayOptions, name: string, frame: Frame): JournalRecord | undefined {
  try {
    return codec.decode(frame);
  } catch (error) {
    logger.error({ err: error, segment: name }, 'journal.record_not_opened');
    return undefined;
  }
}

interface Read {
  record: JournalRecord;
  segment: Segment;
  bytes: number;
}

function replay(
  book: UnsettledBook,
  { record, segment, bytes }: Read,
  answers: Map<string, PlatformAnswer | null>,
): void {
  const { type, intent, answer } = record;
  answers.set(intent.intentId, answer);
  if (type === 'settled') book.settle(intent.intentId);
  else book.wrote(type === 'dispatched' ? book.begin(intent) : book.enter(intent), segment, bytes);
}
