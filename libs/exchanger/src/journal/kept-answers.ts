import type { Logger } from '#observability';
import type { Disk } from './disk.js';
import { readFrames } from './frame.js';
import { type JournaledIntent, type KeptAnswer, toKept, type Unsettled } from './journal.js';
import type { RecordCodec } from './record.js';
import type { Segment } from './segment.js';

interface Kept {
  intent: JournaledIntent;
  answer: KeptAnswer;
  segment: Segment;
}

/** By the time of the exchange: versions that the database has lost are given again. */
const isNewer = (one: KeptAnswer, other: KeptAnswer): boolean => one.claimedAt > other.claimedAt;

/** The parts of a journal that read its files. */
export interface KeptFiles {
  disk: Disk;
  codec: RecordCodec;
  logger: Logger;
}

/**
 * The newest stored answer of each grant: a database that has lost the commit is brought forward from it. The answers stay in the
 * files in which they were written, until these are recycled; memory holds their places alone.
 */
export class KeptAnswers {
  readonly #byGrant = new Map<string, Kept>();

  constructor(private readonly files: KeptFiles) {}

  get size(): number {
    return this.#byGrant.size;
  }

  get all(): KeptAnswer[] {
    return [...this.#byGrant.values()].map(({ answer }) => answer);
  }

  of(grantId: string): KeptAnswer | undefined {
    return this.#byGrant.get(grantId)?.answer;
  }

  keep(intent: JournaledIntent, segment: Segment): void {
    const answer = toKept(intent);
    if (!answer) return;
    const before = this.#byGrant.get(answer.grantId);
    if (before && isNewer(before.answer, answer)) return;
    if (before) before.segment.kept -= 1;
    segment.kept += 1;
    this.#byGrant.set(answer.grantId, { intent, answer, segment });
  }

  /** The segment is recycled. */
  drop(segment: Segment): void {
    if (segment.kept === 0) return;
    for (const [grantId, kept] of this.#byGrant) if (kept.segment === segment) this.#byGrant.delete(grantId);
    segment.kept = 0;
  }

  async read(grantIds: readonly string[]): Promise<Unsettled[]> {
    const requested = grantIds.flatMap((id) => this.#byGrant.get(id) ?? []);
    const segments = new Set(requested.map(({ segment }) => segment));
    const found = await Promise.all([...segments].map((segment) => this.readFrom(segment, requested)));
    return found.flat();
  }

  /** A file that is recycled meanwhile has no such answers any more. */
  private async readFrom(segment: Segment, requested: readonly Kept[]): Promise<Unsettled[]> {
    const { disk, codec, logger } = this.files;
    const ids = new Set(requested.filter((one) => one.segment === segment).map(({ intent }) => intent.intentId));
    try {
      return readFrames(await disk.read(segment.name)).frames.flatMap((frame) => {
        const { type, intent, answer } = codec.decode(frame, segment.name);
        return type === 'answered' && ids.has(intent.intentId) ? [{ intent, answer }] : [];
      });
    } catch (error) {
      logger.warn({ err: error, segment: segment.name }, 'journal.kept_answers_not_read');
      return [];
    }
  }
}
