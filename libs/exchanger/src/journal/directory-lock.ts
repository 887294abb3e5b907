import { type FileHandle, open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Duration } from '#config';
import { CodedError } from '#observability';

const LOOK_EVERY = 50;
// It brings no types.
const { tryLock } = createRequire(import.meta.url)('fs-native-extensions') as { tryLock: (fd: number) => boolean };

/** A folder held by one process at a time. The operating system frees it with the process, however that one ends. */
export class DirectoryLock {
  private constructor(
    private readonly file: FileHandle,
    /** Of the lock's own file, which a copy of the folder does not share. */
    readonly place: string,
  ) {}

  /** Waits for a holder that may be stopping; throws `journal.held` if it keeps running. */
  static async take(folder: string, waitFor: Duration): Promise<DirectoryLock> {
    const file = await open(join(folder, 'owner.lock'), 'a', 0o600);
    for (let waited = 0; !tryLock(file.fd); waited += LOOK_EVERY) {
      if (waited >= waitFor) {
        await file.close();
        throw new CodedError('journal.held', `another process holds the journal in ${folder}`);
      }
      await sleep(LOOK_EVERY);
    }
    const { ino, birthtimeMs } = await file.stat();
    return new DirectoryLock(file, `${ino}:${birthtimeMs}`);
  }

  async release(): Promise<void> {
    await this.file.close();
  }
}
