import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import type { PlatformAnswer } from '#providers';
import type { Disk } from '../../libs/exchanger/src/journal/disk.js';
import { FileJournal, type OpenedJournal } from '../../libs/exchanger/src/journal/file-journal.js';
import type { FileJournalOptions } from '../../libs/exchanger/src/journal/journal-parts.js';
import { isZero } from '../../libs/exchanger/src/journal/frame.js';
import type { JournaledIntent } from '../../libs/exchanger/src/journal/journal.js';
import { FaultyDisk } from './faulty-disk.js';

export const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;
const keyText = newKey('test');
export const keyring = new Keyring(new Secret(keyText));
/** Space for about sixty records a file, so that a test covers many files. */
export const SMALL = { segmentSize: 16_384, slot: 4_096, beside: 2, ahead: 16, quiet: 20, retry: 20 };

export const intent = (given: Partial<JournaledIntent> = {}): JournaledIntent => ({
  intentId: randomUUID(),
  kind: 'refresh',
  subjectId: randomUUID(),
  version: '7',
  ...given,
});
export const answer = (body = '{"access_token":"a"}'): PlatformAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(body),
});

/** Folders of journals, all of them gone after the tests. */
export class Journals {
  readonly #folders: string[] = [];
  readonly #open: FileJournal[] = [];

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'evergrant-journal-'));
    this.#folders.push(folder);
    return folder;
  }

  async open(folder: string, options: Partial<FileJournalOptions> = {}): Promise<OpenedJournal> {
    const logger = createLogger({ app: 'test', level: 'silent' });
    const opened = await FileJournal.open(folder, { keyring, logger, waitFor: 0, layout: SMALL, ...options });
    this.#open.push(opened.journal);
    return opened;
  }

  async faulty(
    options: Partial<FileJournalOptions> = {},
    { folder = this.folder(), prepare }: { folder?: string; prepare?: (disk: FaultyDisk) => void } = {},
  ): Promise<Omit<OpenedJournal, 'folder'> & { disk: FaultyDisk; folder: string }> {
    let disk: FaultyDisk | undefined;
    const faulty = (real: Disk): FaultyDisk => {
      disk = new FaultyDisk(real);
      prepare?.(disk);
      return disk;
    };
    const opened = await this.open(folder, { ...options, disk: faulty });
    return { ...opened, disk: disk!, folder };
  }

  /** What a process would find that starts after this moment's power cut, had every write arrived. */
  async found(folder: string, options: Partial<FileJournalOptions> = {}): Promise<OpenedJournal['unsettled']> {
    const copy = this.folder();
    cpSync(folder, copy, { recursive: true });
    const { journal, unsettled } = await this.open(copy, options);
    await journal.close();
    return unsettled;
  }

  async remove(): Promise<void> {
    for (const journal of this.#open) await journal.close().catch(() => undefined);
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** The files of a journal that hold records. */
export function written(folder: string): string[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.segment'))
    .map((name) => join(folder, name));
  return files.filter((file) => {
    try {
      return !isZero(readFileSync(file));
    } catch {
      // Gone by now: files come and go in the background.
      return false;
    }
  });
}

/** Waits for what happens in the background. */
export async function until(holds: () => boolean): Promise<void> {
  for (let rounds = 0; !holds(); rounds += 1) {
    if (rounds > 1_000) throw new Error('it did not happen');
    await sleep(10);
  }
}
