import { afterAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { answer, intent, Journals, newKey, SMALL, until, written } from '../../../../test/support/journals.js';
import type { FileJournal } from './file-journal.js';
import type { JournaledIntent } from './journal.js';

const journals = new Journals();
afterAll(() => journals.remove());

/** A ring of twelve small files. */
const RING = { ...SMALL, ring: 12 * SMALL.segmentSize };

async function exchanged(
  journal: FileJournal,
  { isKept = true, ...given }: Partial<JournaledIntent> & { isKept?: boolean } = {},
): Promise<JournaledIntent> {
  const one = intent({ claimedAt: 1_000, ...given });
  while (!journal.writable()) await new Promise(setImmediate);
  await journal.dispatched(one);
  await journal.answered(one, answer(`{"for":"${one.intentId}"}`));
  journal.settled(one.intentId, isKept);
  return one;
}

describe('an answer that is kept after it was stored', () => {
  it('is read by its grant, before and after a restart, and is not unsettled', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const kept = await exchanged(journal);
    const expected = [{ intent: kept, answer: answer(`{"for":"${kept.intentId}"}`) }];
    expect(await journal.readKept([kept.subjectId, intent().subjectId])).toEqual(expected);
    await journal.close();
    const { journal: next, unsettled } = await journals.open(folder);
    expect([unsettled, next.kept()]).toEqual([
      [],
      [{ grantId: kept.subjectId, version: kept.version, claimedAt: new Date(1_000) }],
    ]);
    expect(await next.readKept([kept.subjectId])).toEqual(expected);
  });

  it('gives way to a later one of the same grant, and not to an earlier one that is settled later', async () => {
    const { journal } = await journals.open(journals.folder());
    const { subjectId } = await exchanged(journal, { version: '9', claimedAt: 9_000 });
    const later = await exchanged(journal, { subjectId, version: '10', claimedAt: 10_000 });
    await exchanged(journal, { subjectId, version: '8', claimedAt: 8_000 });
    expect(journal.keptOf(subjectId)?.version).toBe('10');
    expect((await journal.readKept([subjectId])).map(({ intent: one }) => one.intentId)).toEqual([later.intentId]);
  });

  it('is erased after its time', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder, { layout: { ...SMALL, keep: 60 } });
    const { subjectId } = await exchanged(journal);
    expect(written(folder)).toHaveLength(1);
    await until(() => journal.keptOf(subjectId) === undefined && written(folder).length === 0);
    expect(journal.overwritten).toBe(0);
  });

  it('is overwritten before its time where the ring is full, which is counted', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder, { layout: RING });
    const first = await exchanged(journal);
    const others: JournaledIntent[] = [];
    for (let n = 0; n < 600; n += 1) others.push(await exchanged(journal));
    await until(() => journal.size <= RING.ring + 8 * SMALL.segmentSize);
    expect([journal.keptOf(first.subjectId), journal.overwritten > 0]).toEqual([undefined, true]);
    expect(journal.keptOf(others.at(-1)!.subjectId)?.version).toBe('7');
  });

  it('gives its space to new exchanges where the disk is full', async () => {
    const { journal, disk } = await journals.faulty({ layout: { ...SMALL, quiet: 5 } });
    disk.fail('create', 'ENOSPC', 1_000);
    for (let n = 0; n < 200; n += 1) await exchanged(journal);
    await until(() => journal.writable());
    expect(journal.overwritten).toBeGreaterThan(0);
    disk.heal();
  });

  it('prevents no start after its master key was removed', async () => {
    const folder = journals.folder();
    const [older, newer] = [newKey('older'), newKey('newer')];
    const first = await journals.open(folder, { keyring: new Keyring(new Secret(older)) });
    await exchanged(first.journal);
    expect(first.journal.exchangesByKey).toEqual({});
    await first.journal.close();
    const { journal, unsettled } = await journals.open(folder, { keyring: new Keyring(new Secret(newer)) });
    expect([unsettled, journal.kept()]).toEqual([[], []]);
  });
});

describe('an exchange that is never settled', () => {
  it('keeps no file of the others: the size of the journal stays the same while thousands pass', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder, { layout: RING });
    const sent = intent();
    const answered = intent();
    for (const one of [sent, answered]) await journal.dispatched(one);
    await journal.answered(answered, answer());
    let most = 0;
    for (let n = 0; n < 3_000; n += 1) {
      await exchanged(journal, { isKept: n % 2 === 0 });
      if (n > 600) most = Math.max(most, journal.size);
    }
    expect(most).toBeLessThanOrEqual(RING.ring + 8 * SMALL.segmentSize);
    expect(readdirSync(folder).length * SMALL.segmentSize).toBeLessThan(RING.ring + 12 * SMALL.segmentSize);
    expect(journal.unsettledCount).toBe(2);
    await journal.close();
    expect(await journals.found(folder)).toEqual([
      { intent: sent, answer: null },
      { intent: answered, answer: answer() },
    ]);
  });

  it('is written again with its answer while the answer arrives', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder, { layout: { ...SMALL, ring: 4 * SMALL.segmentSize } });
    const slow = Array.from({ length: 6 }, () => intent());
    for (const one of slow) {
      await until(() => journal.writable());
      await journal.dispatched(one);
    }
    for (const one of slow) {
      for (let n = 0; n < 60; n += 1) await exchanged(journal);
      await Promise.all([journal.answered(one, answer('x'.repeat(3_000))), exchanged(journal), exchanged(journal)]);
    }
    for (let n = 0; n < 200; n += 1) await exchanged(journal);
    await journal.close();
    const found = await journals.found(folder);
    expect(found).toHaveLength(6);
    expect(found).toEqual(
      expect.arrayContaining(slow.map((one) => ({ intent: one, answer: answer('x'.repeat(3_000)) }))),
    );
  });
});
