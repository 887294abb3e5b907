import { afterAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#observability';
import { answer, intent, Journals, keyring, SMALL, until, written } from '../../../../test/support/journals.js';
import type { FileJournal } from './file-journal.js';
import { readFrames } from './frame.js';
import type { JournaledIntent } from './journal.js';
import { RecordCodec } from './record.js';

const journals = new Journals();
afterAll(() => journals.remove());

/** A journal whose timers write nothing during the test. */
const still = { layout: { ...SMALL, quiet: 100_000, retry: 20 } };

/** Ten at once may find space for nine. */
async function dispatchedInTurn(journal: FileJournal, one: JournaledIntent): Promise<void> {
  do await until(() => journal.writable());
  while (await journal.dispatched(one).then(() => false, isFull));
}

function isFull(error: unknown): boolean {
  if (codeOf(error) === 'journal.full') return true;
  throw error;
}

describe('the journal and its disk', () => {
  it('shares one write between records that come together', async () => {
    const { journal, disk } = await journals.faulty(still);
    const many = Array.from({ length: 10 }, () => intent());
    await journal.dispatched(intent());
    const before = { ...disk.counts };
    await Promise.all(many.map((one) => journal.dispatched(one)));
    expect(disk.counts.write - before.write).toBe(1);
    await Promise.all(many.map((one) => journal.answered(one, answer())));
    expect(disk.counts.write - before.write).toBe(2);
  });

  it('spends no write on what was settled', async () => {
    const { journal, disk, folder } = await journals.faulty(still);
    const [first, second] = [intent(), intent()];
    await journal.dispatched(first);
    await journal.answered(first, answer());
    const { write } = disk.counts;
    journal.settled(first.intentId);
    await new Promise(setImmediate);
    expect(disk.counts.write).toBe(write);
    await journal.dispatched(second);
    expect(disk.counts.write).toBe(write + 1);
    expect(await journals.found(folder)).toEqual([{ intent: second, answer: null }]);
  });

  it.each(['ENOSPC', 'EIO'])(
    'sends nothing when a dispatch meets %s, and continues when the disk works again',
    async (code) => {
      const { journal, disk, folder } = await journals.faulty(still);
      disk.fail('write', code);
      disk.fail('create', code, 3);
      const refused = intent();
      await expect(journal.dispatched(refused)).rejects.toMatchObject({ code });
      expect(journal.writable()).toBe(false);
      await expect(journal.dispatched(intent())).rejects.toMatchObject({ code: 'journal.full' });
      await until(() => journal.writable());
      const next = intent();
      await journal.dispatched(next);
      expect(await journals.found(folder)).toEqual([{ intent: next, answer: null }]);
    },
  );

  it('does not take a dispatch for sent whose write arrived although the disk reported a failure', async () => {
    const { journal, disk, folder } = await journals.faulty(still);
    disk.fail('sync', 'EIO');
    await expect(journal.dispatched(intent())).rejects.toMatchObject({ code: 'EIO' });
    await until(() => journal.writable());
    const next = intent();
    await journal.dispatched(next);
    expect(await journals.found(folder)).toEqual([{ intent: next, answer: null }]);
  });

  it('writes an answer to a fresh file when the first one fails', async () => {
    const { journal, disk, folder } = await journals.faulty(still);
    const sent = intent();
    await journal.dispatched(sent);
    const [before] = written(folder);
    disk.fail('sync', 'EIO');
    await journal.answered(sent, answer());
    expect(await journals.found(folder)).toEqual([{ intent: sent, answer: answer() }]);
    const doubted = readFileSync(before!);
    await until(() => journal.writable());
    await journal.dispatched(intent());
    expect(readFileSync(before!)).toEqual(doubted);
  });

  it('reports an answer that cannot be kept, and keeps the next one', async () => {
    const { journal, disk, folder } = await journals.faulty(still);
    const [lost, kept] = [intent(), intent()];
    await journal.dispatched(lost);
    await journal.dispatched(kept);
    disk.fail('sync', 'EIO', 2);
    disk.fail('create', 'EIO', 1_000);
    await expect(journal.answered(lost, answer())).rejects.toMatchObject({ code: 'EIO' });
    expect(journal.writable()).toBe(false);
    await journal.answered(kept, answer());
    expect((await journals.found(folder)).filter(({ intent: one }) => one.intentId === kept.intentId)).toEqual([
      { intent: kept, answer: answer() },
    ]);
    disk.heal();
    await until(() => journal.writable());
  });

  it('fails both of two answers that share a group when the disk continues to fail', async () => {
    const { journal, disk } = await journals.faulty(still);
    const [one, other] = [intent(), intent()];
    await journal.dispatched(one);
    await journal.dispatched(other);
    // Repeated, because the space that is allocated in the background meets the failing disk, too.
    disk.fail('write', 'EIO', 1_000);
    const results = await Promise.allSettled([journal.answered(one, answer()), journal.answered(other, answer())]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    disk.heal();
  });

  it('starts on a full disk, hands over its records, and waits for space', async () => {
    const { journal: earlier, folder } = await journals.faulty(still);
    const left = intent();
    await earlier.dispatched(left);
    await earlier.answered(left, answer());
    await earlier.close();
    for (const name of readdirSync(folder).filter(
      (one) => one.endsWith('.segment') && !written(folder).includes(join(folder, one)),
    ))
      rmSync(join(folder, name));
    const { journal, unsettled } = await journals.faulty(still, {
      folder,
      prepare: (disk) => {
        disk.fail('create', 'ENOSPC', 2);
      },
    });
    expect([unsettled, journal.writable()]).toEqual([[{ intent: left, answer: answer() }], false]);
    await until(() => journal.writable());
  });

  it('continues when an emptied file cannot be reused', async () => {
    const { journal, disk, folder } = await journals.faulty({ layout: { ...SMALL, quiet: 5 } });
    for (const operation of ['rename', 'write'] as const) {
      const one = intent();
      await journal.dispatched(one);
      await journal.answered(one, answer());
      disk.fail(operation, 'EIO', 1);
      journal.settled(one.intentId);
      await until(() => written(folder).length === 0 && journal.writable());
      disk.heal();
    }
    expect(await journals.found(folder)).toEqual([]);
  });

  it('skips records that do not open or are broken, and returns the rest', async () => {
    const { journal, folder } = await journals.faulty(still);
    const all = [intent(), intent(), intent()];
    for (const one of all) await journal.dispatched(one);
    const [file] = written(folder);
    const bytes = readFileSync(file!);
    const at = bytes.indexOf(all[1]!.intentId);
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(file!, bytes);
    writeFileSync(join(folder, '000000000900.segment'), 'not a journal at all');
    expect((await journals.found(folder)).map(({ intent: one }) => one.intentId)).toEqual([
      all[0]!.intentId,
      all[2]!.intentId,
    ]);
  });

  it('never has on disk that an exchange is settled before its answer', async () => {
    const { journal, folder } = await journals.faulty({ layout: { ...SMALL, quiet: 1 } });
    await journal.dispatched(intent());
    const all = Array.from({ length: 300 }, () => intent());
    for (let at = 0; at < all.length; at += 10) {
      await Promise.all(
        all.slice(at, at + 10).map(async (one, n) => {
          await dispatchedInTurn(journal, one);
          const early = journal.answered(one, answer('x'.repeat((at * n) % 3_000)));
          if (n % 2 === 0) await early;
          journal.settled(one.intentId);
          await early;
        }),
      );
    }
    expect(journal.unsettledCount).toBe(1);
    await journal.close();
    const codec = new RecordCodec(keyring);
    const order = written(folder).flatMap((file) =>
      readFrames(readFileSync(file)).frames.map((frame) => codec.decode(frame)),
    );
    const placeOf = (type: string, id: string): number =>
      order.findIndex((record) => record.type === type && record.intent.intentId === id);
    const settled = order.filter(({ type }) => type === 'settled').map(({ intent: one }) => one.intentId);
    expect(settled.length).toBeGreaterThan(200);
    expect(settled.filter((id) => placeOf('settled', id) < placeOf('answered', id))).toEqual([]);
    expect(await journals.found(folder)).toHaveLength(1);
  });
});
