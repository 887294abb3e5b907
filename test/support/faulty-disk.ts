import type { Disk, DiskFile } from '../../libs/exchanger/src/journal/disk.js';
import { isZero } from '../../libs/exchanger/src/journal/frame.js';

/** `sync`: written records are on the disk, although the call fails. */
type Operation = 'write' | 'sync' | 'create' | 'rename';

/** A real folder that counts its calls and fails at the calls that `fail` names. */
export class FaultyDisk implements Disk {
  /** Writes of records alone: the allocation of space does not count. */
  readonly counts = { write: 0 };
  readonly #faults: { operation: Operation; code: string; left: number }[] = [];

  constructor(private readonly real: Disk) {}

  /** The next `times` calls fail. */
  fail(operation: Operation, code: string, times = 1): void {
    this.#faults.push({ operation, code, left: times });
  }

  heal(): void {
    this.#faults.length = 0;
  }

  names(): Promise<string[]> {
    return this.real.names();
  }

  read(name: string): Promise<Buffer> {
    return this.real.read(name);
  }

  async create(name: string): Promise<DiskFile> {
    this.pass('create');
    return this.watched(await this.real.create(name));
  }

  async open(name: string): Promise<DiskFile> {
    return this.watched(await this.real.open(name));
  }

  rename(from: string, to: string): Promise<void> {
    this.pass('rename');
    return this.real.rename(from, to);
  }

  remove(name: string): Promise<void> {
    return this.real.remove(name);
  }

  sync(): Promise<void> {
    return this.real.sync();
  }

  private watched(file: DiskFile): DiskFile {
    return {
      write: async (bytes, position) => {
        const holdsRecords = !isZero(bytes);
        if (holdsRecords) this.counts.write += 1;
        this.pass('write');
        await file.write(bytes, position);
        if (holdsRecords) this.pass('sync');
      },
      close: () => file.close(),
    };
  }

  private pass(operation: Operation): void {
    const fault = this.#faults.find((one) => one.operation === operation && one.left > 0);
    if (!fault) return;
    fault.left -= 1;
    throw Object.assign(new Error(`${fault.code}: ${operation}`), { code: fault.code });
  }
}
