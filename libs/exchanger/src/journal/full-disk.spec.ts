import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, intent, Journals, SMALL, until } from '../../../../test/support/journals.js';
import type { FileJournal } from './file-journal.js';
import type { JournaledIntent } from './journal.js';

const journals = new Journals();
const place = mkdtempSync(join(tmpdir(), 'evergrant-full-disk-'));
const mounted = mount();
const largest = answer('x'.repeat(SMALL.slot - 1_024));

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const fill = (): void => {
  expect(() => {
    for (;;) appendFileSync(join(place, 'fill'), Buffer.alloc(4_096));
  }).toThrow('ENOSPC');
};

async function dispatchAll(journal: FileJournal): Promise<JournaledIntent[]> {
  const sent: JournaledIntent[] = [];
  while (journal.writable()) {
    const next = intent();
    await journal.dispatched(next);
    sent.push(next);
  }
  return sent;
}

// Only root may mount a file system: elsewhere this is passed over.
(mounted ? describe : describe.skip)('a journal on a disk that is really full (needs root, to mount a tmpfs)', () => {
  const folder = join(place, 'journal');

  beforeAll(async () => {
    const { journal } = await journals.open(folder);
    await journal.close();
    fill();
  });

  afterAll(async () => {
    await journals.remove();
    execFileSync('umount', [place]);
    rmSync(place, { recursive: true });
  });

  it('ends every exchange that it let begin, and refuses the next one', async () => {
    const { journal } = await journals.open(folder);
    const sent = await dispatchAll(journal);
    expect(sent.length).toBeGreaterThan(4);
    await expect(journal.dispatched(intent())).rejects.toMatchObject({ code: 'journal.full' });
    await Promise.all(sent.map((one) => journal.answered(one, largest)));
    await journal.close();
    const next = await journals.open(folder);
    expect(next.unsettled).toEqual(sent.map((one) => ({ intent: one, answer: largest })));
    await next.journal.close();
  });

  it('has its space again after all is settled, without a free block', async () => {
    const { journal, unsettled } = await journals.open(folder);
    for (const { intent: one } of unsettled) journal.settled(one.intentId);
    await until(() => journal.writable());
    const sent = intent();
    await journal.dispatched(sent);
    await journal.answered(sent, largest);
    await journal.close();
    expect((await journals.open(folder)).unsettled).toEqual([{ intent: sent, answer: largest }]);
  });
});
