import { join } from 'node:path';
import { makeFolder, minutes } from '#config';
import { SandboxState } from '#providers/sandbox';
import { CallLog } from './call-log.js';
import { Faults } from './faults.js';
import { LevelJournal } from './level-journal.js';

const SWEEP_EVERY = minutes(10);

/** The whole state of this sandbox: read from memory, stored in `<home>/sandbox`. Only faults are lost at a restart. */
export class Memory {
  readonly state: SandboxState;
  readonly calls: CallLog;
  readonly faults = new Faults();
  private readonly sweeping: NodeJS.Timeout;

  private constructor(private readonly journal: LevelJournal) {
    this.state = new SandboxState(journal);
    this.calls = new CallLog(journal);
    this.sweeping = setInterval(() => {
      this.state.sweep();
    }, SWEEP_EVERY).unref();
  }

  static async open(home: string): Promise<Memory> {
    const folder = join(home, 'sandbox');
    await makeFolder(folder);
    const journal = await LevelJournal.open(folder);
    const memory = new Memory(journal);
    for await (const [key, value] of journal.entries()) memory.restore(key, value);
    memory.state.sweep();
    return memory;
  }

  /** Resolves when everything done so far would survive the end of this process. */
  keep(): Promise<void> {
    return this.journal.flush();
  }

  async deleteAll(): Promise<void> {
    this.state.clear();
    this.calls.clear();
    this.faults.clear();
    await this.keep();
  }

  close(): Promise<void> {
    clearInterval(this.sweeping);
    return this.journal.close();
  }

  private restore(key: string, value: object): void {
    if (key.startsWith(`${this.calls.kind}!`)) this.calls.restore(value as never);
    else this.state.restore(key, value);
  }
}
