import { codeOf, type Logger } from '#observability';
import type { PlatformAnswer } from '#providers';
import type { Disk } from './disk.js';
import { type Frame, isZero, readFrames, toFrame } from './frame.js';
import type { Unsettled } from './journal.js';
import { type JournalRecord, keyIdOf, type RecordCodec } from './record.js';
import type { Segment } from './segment.js';
import type { SegmentStore } from './segment-store.js';
import type { UnsettledBook, WrittenRecord } from './unsettled-book.js';

export interface ReplayOptions {
  disk: Disk;
  store: SegmentStore;
  book: UnsettledBook;
  codec: RecordCodec;
  logger: Logger;
}

const KEY_MISSING = 'journal.key_missing';

export interface Replayed {
  unsettled: Unsettled[];
  /** The files that hold records, oldest first. */
  segments: Segment[];
}

/**
 * Reads the records of an earlier process. Unreadable records are logged and skipped, so that the others are recovered; a
 * record whose master key is missing throws `journal.key_missing`, because the key brings it back.
 */
export async function replayJournal(options: ReplayOptions): Promise<Replayed> {
  const answers = new Map<string, PlatformAnswer | null>();
  const segments: Segment[] = [];
  for (const name of await options.store.earlier()) {
    const segment = await readSegment(options, name, answers).catch((error: unknown) => {
      if (codeOf(error) === KEY_MISSING) return { error };
      options.logger.error({ err: error, segment: name }, 'journal.segment_not_read');
    });
    if (segment && 'error' in segment) return refuse(options, segments, segment.error);
    if (segment) segments.push(segment);
  }
  const unsettled = options.book.intents.map((intent) => ({ intent, answer: answers.get(intent.intentId) ?? null }));
  return { unsettled, segments };
}

/** Closes what was opened, and throws. */
async function refuse({ store }: ReplayOptions, segments: Segment[], error: unknown): Promise<never> {
  await Promise.all(segments.map(({ file }) => file.close()));
  await store.close();
  throw error;
}

async function readSegment(
  options: ReplayOptions,
  name: string,
  answers: Map<string, PlatformAnswer | null>,
): Promise<Segment | undefined> {
  const bytes = await options.disk.read(name);
  const { frames, broken, torn } = readFrames(bytes);
  // Before the file is opened for writing: a missing key ends the start.
  const records = frames.map((frame) => ({ frame, record: decoded(options, name, frame) }));
  const segment = await options.store.adopt(name, { size: bytes.length, blank: isZero(bytes) });
  if (!segment) return undefined;
  if (broken > 0) options.logger.error({ segment: name, broken }, 'journal.records_broken');
  if (torn) options.logger.warn({ segment: name }, 'journal.last_write_incomplete');
  for (const { frame, record } of records) {
    const written = { segment, bytes: toFrame(frame).length, keyId: keyIdOf(frame.payload) };
    if (record) replay(options.book, { record, written }, answers);
  }
  return segment;
}

function decoded({ codec, logger }: ReplayOptions, name: string, frame: Frame): JournalRecord | undefined {
  try {
    return codec.decode(frame);
  } catch (error) {
    if (codeOf(error) === KEY_MISSING) throw error;
    logger.error({ err: error, segment: name }, 'journal.record_not_opened');
    return undefined;
  }
}

interface Read {
  record: JournalRecord;
  written: WrittenRecord;
}

function replay(book: UnsettledBook, { record, written }: Read, answers: Map<string, PlatformAnswer | null>): void {
  const { type, intent, answer } = record;
  answers.set(intent.intentId, answer);
  if (type === 'settled') book.settle(intent.intentId);
  else book.wrote(type === 'dispatched' ? book.begin(intent) : book.enter(intent), written);
}
