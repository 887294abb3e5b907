import type { Logger } from '#observability';
import type { PlatformAnswer } from '#providers';
import type { Disk } from './disk.js';
import { type Frame, isZero, readFrames, toFrame } from './frame.js';
import type { Unsettled } from './journal.js';
import type { JournalRecord, RecordCodec } from './record.js';
import type { Segment } from './segment.js';
import type { SegmentStore } from './segment-store.js';
import type { UnsettledBook } from './unsettled-book.js';

export interface Recovery {
  disk: Disk;
  store: SegmentStore;
  book: UnsettledBook;
  codec: RecordCodec;
  logger: Logger;
}

export interface Recovered {
  unsettled: Unsettled[];
  /** The files that hold records, oldest first. */
  segments: Segment[];
}

/** Reads what an earlier process left. What cannot be read is told and passed over: the rest of the tokens need us. */
export async function recover(recovery: Recovery): Promise<Recovered> {
  const answers = new Map<string, PlatformAnswer | null>();
  const segments: Segment[] = [];
  for (const name of await recovery.store.earlier()) {
    const segment = await readSegment(recovery, name, answers).catch((error: unknown) => {
      recovery.logger.error({ err: error, segment: name }, 'a file of the journal cannot be read and is left as it is');
    });
    if (segment) segments.push(segment);
  }
  const unsettled = recovery.book.intents.map((intent) => ({ intent, answer: answers.get(intent.intentId) ?? null }));
  return { unsettled, segments };
}

async function readSegment(
  recovery: Recovery,
  name: string,
  answers: Map<string, PlatformAnswer | null>,
): Promise<Segment | undefined> {
  const bytes = await recovery.disk.read(name);
  const segment = await recovery.store.adopt(name, { size: bytes.length, blank: isZero(bytes) });
  if (!segment) return undefined;
  const { frames, broken, torn } = readFrames(bytes);
  if (broken > 0) recovery.logger.error({ segment: name, broken }, 'records of the journal are broken and passed over');
  if (torn)
    recovery.logger.warn({ segment: name }, 'the last write to the journal was cut short: it was never acknowledged');
  for (const frame of frames) {
    const record = decoded(recovery, name, frame);
    if (record) replay(recovery.book, { record, segment, bytes: toFrame(frame).length }, answers);
  }
  return segment;
}

function decoded({ codec, logger }: Recovery, name: string, frame: Frame): JournalRecord | undefined {
  try {
    return codec.decode(frame);
  } catch (error) {
    logger.error({ err: error, segment: name }, 'a record of the journal does not open and is passed over');
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
