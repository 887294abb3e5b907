import { codeOf, type Logger } from '#observability';
import type { PlatformAnswer } from '#providers';
import type { Disk } from './disk.js';
import { type Frame, isZero, readFrames, toFrame } from './frame.js';
import type { Unsettled } from './journal.js';
import { intentIdOf, type JournalRecord, keyIdOf, type RecordCodec, TYPES } from './record.js';
import type { Segment } from './segment.js';
import { isDamaged, type SegmentStore } from './segment-store.js';
import type { KeptAnswers } from './kept-answers.js';
import type { Entry, UnsettledBook } from './unsettled-book.js';

export interface ReplayOptions {
  disk: Disk;
  store: SegmentStore;
  book: UnsettledBook;
  kept: KeptAnswers;
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
  /** Ids of exchanges with a record whose master key is missing. */
  missing: { intentId: string; error: unknown }[];
  /** Ids of exchanges that are settled, as their records state in the clear. */
  settled: string[];
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
  refuseMissingKeys(options, read);
  const answers = new Map<string, PlatformAnswer | null>();
  const segments: Segment[] = [];
  for (const { records, ...file } of read) {
    const segment = await store.adopt(file);
    if (!segment) continue;
    segments.push(segment);
    for (const { frame, record } of records) {
      if (record.type === 'settled') settle(options, record);
      else note(book, answers, { frame, record, segment });
    }
  }
  const unsettled = book.intents.map((intent) => ({ intent, answer: answers.get(intent.intentId) ?? null }));
  return { unsettled, segments };
}

function note(
  book: UnsettledBook,
  answers: Map<string, PlatformAnswer | null>,
  { frame, record, segment }: { frame: Frame; record: JournalRecord; segment: Segment },
): void {
  const entry = entryOf(book, record);
  book.wrote(entry, segment, { bytes: toFrame(frame), keyId: keyIdOf(frame.payload) });
  if (record.answer) entry.answerIn = segment;
  if (record.answer || entry.answerIn === undefined) answers.set(record.intent.intentId, record.answer);
}

/** A dispatch that was written again, to free its first file, is the same one. */
function entryOf(book: UnsettledBook, { type, intent }: JournalRecord): Entry {
  const known = book.get(intent.intentId);
  return type === 'dispatched' && known?.intent.version !== intent.version ? book.begin(intent) : book.enter(intent);
}

function settle({ book, kept }: ReplayOptions, { intent, isKept }: JournalRecord): void {
  const entry = book.settle(intent.intentId);
  if (isKept && entry?.answerIn) kept.keep(intent, entry.answerIn);
}

async function readSegment({ disk, codec, logger }: ReplayOptions, name: string): Promise<SegmentRead> {
  const bytes = await disk.read(name);
  const { frames, broken, torn } = readFrames(bytes);
  if (broken > 0) logger.error({ segment: name, broken }, 'journal.records_broken');
  if (torn) logger.warn({ segment: name }, 'journal.last_write_incomplete');
  const missing: SegmentRead['missing'] = [];
  const records = frames.flatMap((frame) => {
    try {
      return [{ frame, record: codec.decode(frame, name) }];
    } catch (error) {
      if (codeOf(error) === 'journal.key_missing' && !isDamaged(name)) {
        missing.push({ intentId: intentIdOf(frame.payload), error });
        return [];
      }
      // The operator has renamed the file, to start without the records that do not open.
      if (!isDamaged(name)) throw error;
      logger.error({ err: error, segment: name }, 'journal.record_skipped');
      return [];
    }
  });
  const settled = frames.filter(({ type }) => type === TYPES.settled).map(({ payload }) => intentIdOf(payload));
  return { name, size: bytes.length, blank: isZero(bytes), records, missing, settled };
}

/** A master key may be retired while answers that it sealed are kept: what is settled lies in the database as well. */
function refuseMissingKeys({ logger }: ReplayOptions, read: readonly SegmentRead[]): void {
  const settled = new Set(read.flatMap((one) => one.settled));
  const missing = read.flatMap((one) => one.missing);
  for (const { intentId, error } of missing) if (!settled.has(intentId)) throw error;
  if (missing.length > 0) logger.warn({ records: missing.length }, 'journal.kept_answers_without_key');
}
