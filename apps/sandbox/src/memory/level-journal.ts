import { ClassicLevel } from 'classic-level';
import type { Journal } from '#providers/sandbox';

type Change = { type: 'put'; key: string; value: string } | { type: 'del'; key: string };

/**
 * The journal in LevelDB. Changes are kept in their order and written in groups: while one group is being written the next
 * one gathers. A flushed change is with the operating system, so it survives `kill -9` of the process.
 */
export class LevelJournal implements Journal {
  private waiting: Change[] = [];
  private writing: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  private constructor(private readonly level: ClassicLevel) {}

  /** Throws a sentence when another process has the folder open. */
  static async open(folder: string): Promise<LevelJournal> {
    const level = new ClassicLevel(folder);
    try {
      await level.open();
    } catch (error) {
      throw new Error(`the sandbox's memory in ${folder} can not be opened; is another sandbox running on it?`, {
        cause: error,
      });
    }
    return new LevelJournal(level);
  }

  /** All that was kept, in the order of the keys. */
  async *entries(): AsyncIterable<[key: string, value: object]> {
    for await (const [key, value] of this.level.iterator()) yield [key, JSON.parse(value) as object];
  }

  put(key: string, value: object): void {
    this.waiting.push({ type: 'put', key, value: JSON.stringify(value) });
  }

  delete(key: string): void {
    this.waiting.push({ type: 'del', key });
  }

  /** Resolves when everything put before is written. What could not be written is tried again with the next flush. */
  flush(): Promise<void> {
    this.next ??= this.writing.then(
      () => this.write(),
      () => this.write(),
    );
    return this.next;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.level.close();
  }

  private write(): Promise<void> {
    const group = this.waiting;
    this.waiting = [];
    this.next = undefined;
    if (group.length === 0) return Promise.resolve();
    this.writing = this.level.batch(group).catch((error: unknown) => {
      this.waiting = [...group, ...this.waiting];
      throw error;
    });
    return this.writing;
  }
}
