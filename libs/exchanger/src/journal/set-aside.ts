import type { Disk } from './disk.js';
import { readFrames } from './frame.js';
import type { Unsettled } from './journal.js';
import { keyIdOf, type RecordCodec, unreadable } from './record.js';

const NAME = /^[0-9a-f-]{36}\.aside$/;
const BEING_WRITTEN = 'aside.new';
const nameOf = (intentId: string): string => `${intentId}.aside`;

/**
 * The entries that are set aside, each in a file of its own, so that none keeps a segment. Guarantees: a file is complete
 * before it has its name; it is deleted only when its entry is settled, or replaced by a later one of the same subject.
 */
export class SetAsideEntries {
  readonly #bySubject = new Map<string, { left: Unsettled; keyId: string }>();

  private constructor(
    private readonly disk: Disk,
    private readonly codec: RecordCodec,
  ) {}

  /** Reads the files of earlier processes. Throws `journal.unreadable` and `journal.key_missing`. */
  static async open(disk: Disk, codec: RecordCodec): Promise<SetAsideEntries> {
    const entries = new SetAsideEntries(disk, codec);
    for (const name of (await disk.names()).filter((one) => NAME.test(one)).sort()) {
      const [frame] = readFrames(await disk.read(name)).frames;
      if (!frame) throw unreadable(name);
      const { intent, answer } = codec.decode(frame, name);
      entries.#bySubject.set(intent.subjectId, { left: { intent, answer }, keyId: keyIdOf(frame.payload) });
    }
    return entries;
  }

  get all(): Unsettled[] {
    return [...this.#bySubject.values()].map(({ left }) => left);
  }

  get keyIds(): string[] {
    return [...this.#bySubject.values()].map(({ keyId }) => keyId);
  }

  get(subjectId: string): Unsettled | undefined {
    return this.#bySubject.get(subjectId)?.left;
  }

  has(intentId: string): boolean {
    return this.all.some(({ intent }) => intent.intentId === intentId);
  }

  async add(left: Unsettled): Promise<void> {
    const { intent, answer } = left;
    const { disk, codec } = this;
    await disk.remove(BEING_WRITTEN);
    const file = await disk.create(BEING_WRITTEN);
    await file.write(codec.encode({ type: answer ? 'answered' : 'dispatched', intent, answer }), 0);
    await file.close();
    await disk.rename(BEING_WRITTEN, nameOf(intent.intentId));
    await disk.sync();
    const replaced = this.get(intent.subjectId);
    this.#bySubject.set(intent.subjectId, { left, keyId: codec.keyId });
    if (replaced && replaced.intent.intentId !== intent.intentId) await disk.remove(nameOf(replaced.intent.intentId));
  }

  /** A file that stays because the disk fails is read again by the next start, and its entry found settled. */
  async remove(intentId: string): Promise<void> {
    for (const [subjectId, { left }] of this.#bySubject)
      if (left.intent.intentId === intentId) this.#bySubject.delete(subjectId);
    await this.disk.remove(nameOf(intentId));
  }
}
