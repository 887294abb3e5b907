import { afterAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { answer, intent, Journals, newKey, SMALL, until, written } from '../../../../test/support/journals.js';

const journals = new Journals();
afterAll(() => journals.remove());

describe('a journal', () => {
  it('returns to the next process what was sent and answered', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const [sent, back, done] = [intent({ version: null, kind: 'code' }), intent(), intent()];
    for (const one of [sent, back, done]) await journal.dispatched(one);
    for (const one of [back, done]) await journal.answered(one, answer(`{"for":"${one.intentId}"} \u0000 ünï`));
    journal.settled(done.intentId);
    await journal.close();
    const { unsettled } = await journals.open(folder);
    expect(unsettled).toEqual([
      { intent: sent, answer: null },
      { intent: back, answer: answer(`{"for":"${back.intentId}"} \u0000 ünï`) },
    ]);
  });

  it('has a record on disk when it reports it', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const sent = intent();
    await journal.dispatched(sent);
    expect(await journals.found(folder)).toEqual([{ intent: sent, answer: null }]);
    await journal.answered(sent, answer());
    expect(await journals.found(folder)).toEqual([{ intent: sent, answer: answer() }]);
  });

  it('takes what is left over by as many restarts as it needs', async () => {
    const folder = journals.folder();
    const left = intent();
    const { journal } = await journals.open(folder);
    await journal.dispatched(left);
    await journal.answered(left, answer());
    await journal.close();
    for (let restart = 0; restart < 3; restart += 1) {
      const opened = await journals.open(folder);
      expect(opened.unsettled).toEqual([{ intent: left, answer: answer() }]);
      await opened.journal.close();
    }
    const last = await journals.open(folder);
    expect([last.journal.unsettledCount, last.journal.bytes > 0]).toEqual([1, true]);
    last.journal.settled(left.intentId);
    await last.journal.close();
    expect((await journals.open(folder)).unsettled).toEqual([]);
  });

  it('takes the later of two dispatches of one intent', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const first = intent();
    await journal.dispatched(first);
    await journal.answered(first, answer());
    await journal.dispatched({ ...first, version: '8' });
    expect(await journals.found(folder)).toEqual([{ intent: { ...first, version: '8' }, answer: null }]);
  });

  it('keeps an answer whose dispatch cannot be read any more', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const sent = intent();
    await journal.answered(sent, answer());
    expect(await journals.found(folder)).toEqual([{ intent: sent, answer: answer() }]);
  });

  it('is empty after ten thousand exchanges, and was never large', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder, { layout: { ...SMALL, segmentSize: 262_144, ahead: 64 } });
    let most = 0;
    for (let round = 0; round < 200; round += 1) {
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const one = intent();
          while (!journal.writable()) await new Promise(setImmediate);
          await journal.dispatched(one);
          await journal.answered(one, answer());
          journal.settled(one.intentId);
        }),
      );
      most = Math.max(most, readdirSync(folder).length);
    }
    expect([journal.bytes, journal.unsettledCount]).toEqual([0, 0]);
    await until(() => written(folder).length === 0);
    expect(most).toBeLessThan(12);
    await journal.close();
    expect((await journals.open(folder)).unsettled).toEqual([]);
  });

  it('keeps secrets unreadable in the files', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const sent = intent();
    await journal.dispatched(sent);
    await journal.answered(sent, {
      status: 200,
      headers: { 'x-canary': 'canary-in-a-header' },
      body: Buffer.from('{"refresh_token":"canary-in-a-body"}'),
    });
    const all = Buffer.concat(written(folder).map((file) => readFileSync(file)));
    expect(all.includes(sent.intentId)).toBe(true);
    expect(all.includes('canary')).toBe(false);
  });

  it('opens what an older master key has sealed', async () => {
    const folder = journals.folder();
    const [older, newer] = [newKey('older'), newKey('newer')];
    const { journal } = await journals.open(folder, { keyring: new Keyring(new Secret(older)) });
    const sent = intent();
    await journal.dispatched(sent);
    const rotated = new Keyring(new Secret(`${newer},${older}`));
    expect(await journals.found(folder, { keyring: rotated })).toEqual([{ intent: sent, answer: null }]);
  });

  it('is not opened, and keeps its records, where the master key of one is missing', async () => {
    const folder = journals.folder();
    const [older, newer] = [newKey('older'), newKey('newer')];
    const { journal } = await journals.open(folder, { keyring: new Keyring(new Secret(older)) });
    const sent = intent();
    await journal.dispatched(sent);
    await expect(journals.found(folder, { keyring: new Keyring(new Secret(newer)) })).rejects.toMatchObject({
      code: 'journal.key_missing',
      message: expect.stringContaining('"older"'),
    });
    const rotated = new Keyring(new Secret(`${newer},${older}`));
    expect(await journals.found(folder, { keyring: rotated })).toEqual([{ intent: sent, answer: null }]);
  });

  it('is not opened, and keeps its records, where one does not open under its master key', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const sent = intent();
    await journal.dispatched(sent);
    await journal.answered(sent, answer());
    await journal.close();
    const before = written(folder).map((file) => readFileSync(file));
    const wrong = new Keyring(new Secret(newKey('test')));
    await expect(journals.open(folder, { keyring: wrong })).rejects.toMatchObject({ code: 'journal.unreadable' });
    expect(written(folder).map((file) => readFileSync(file))).toEqual(before);
    const { unsettled, journal: right } = await journals.open(folder);
    expect(unsettled).toEqual([{ intent: sent, answer: answer() }]);
    await right.close();
  });

  it('returns the records that open of a file that the operator has named damaged, and never erases it', async () => {
    const folder = journals.folder();
    const first = await journals.open(folder, { keyring: new Keyring(new Secret(newKey('test'))) });
    await first.journal.dispatched(intent());
    await first.journal.close();
    const [file] = written(folder);
    renameSync(file!, `${file!}.damaged`);
    const { unsettled, journal } = await journals.open(folder);
    expect(unsettled).toEqual([]);
    await until(() => readdirSync(folder).some((name) => name.endsWith('.salvaged')));
    await journal.close();
  });

  it('keeps what is set aside in a file of its own, over restarts, until it is settled', async () => {
    const folder = journals.folder();
    const first = await journals.open(folder);
    const kept = { intent: intent({ intentId: randomUUID() }), answer: answer() };
    await first.journal.dispatched(kept.intent);
    await first.journal.answered(kept.intent, kept.answer);
    await first.journal.setAside(kept);
    expect([first.journal.unsettledCount, first.journal.asideCount]).toEqual([0, 1]);
    expect(first.journal.exchangesByKey).toEqual({ test: 1 });
    await until(() => written(folder).length === 0);
    await first.journal.close();
    const { journal, unsettled } = await journals.open(folder);
    expect([unsettled, journal.aside(kept.intent.subjectId)]).toEqual([[kept], kept]);
    const replacing = { intent: intent({ subjectId: kept.intent.subjectId }), answer: answer('{"later":1}') };
    await journal.setAside(replacing);
    expect(await journals.found(folder)).toEqual([replacing]);
    journal.settled(replacing.intent.intentId);
    await until(() => !readdirSync(folder).some((name) => name.endsWith('.aside')));
  });

  it('keeps its files few while one exchange is set aside and thousands pass', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder);
    const kept = { intent: intent(), answer: answer() };
    await journal.dispatched(kept.intent);
    await journal.setAside(kept);
    let most = 0;
    for (let n = 0; n < 3_000; n += 1) {
      const one = intent();
      while (!journal.writable()) await new Promise(setImmediate);
      await journal.dispatched(one);
      await journal.answered(one, answer());
      journal.settled(one.intentId);
      if (n % 100 === 0) most = Math.max(most, readdirSync(folder).length);
    }
    expect(most).toBeLessThan(14);
    await journal.close();
    expect(await journals.found(folder)).toEqual([kept]);
  });

  it('counts the exchanges that still need each master key', async () => {
    const folder = journals.folder();
    const [older, newer] = [newKey('older'), newKey('newer')];
    const first = await journals.open(folder, { keyring: new Keyring(new Secret(older)) });
    const [one, two] = [intent(), intent()];
    await first.journal.dispatched(one);
    expect(first.journal.exchangesByKey).toEqual({ older: 1 });
    await first.journal.close();
    const { journal } = await journals.open(folder, { keyring: new Keyring(new Secret(`${newer},${older}`)) });
    await journal.dispatched(two);
    expect(journal.exchangesByKey).toEqual({ older: 1, newer: 1 });
    journal.settled(one.intentId);
    expect(journal.exchangesByKey).toEqual({ newer: 1 });
  });

  it('keeps its name', async () => {
    const folder = journals.folder();
    const { journal, folder: opened } = await journals.open(folder);
    await journal.close();
    expect((await journals.open(folder)).folder).toMatchObject({ name: opened.name, place: opened.place });
    const other = (await journals.open(journals.folder())).folder;
    expect([other.name.id, other.place]).not.toEqual([opened.name.id, opened.place]);
  });

  it('takes no more exchanges at once than it has space for, whatever their answers', async () => {
    const folder = journals.folder();
    const { journal } = await journals.open(folder, { layout: { ...SMALL, quiet: 100_000 } });
    const inFlight = [];
    for (let n = 0; n < 40; n += 1) {
      const one = intent();
      await until(() => journal.writable());
      await journal.dispatched(one);
      inFlight.push(one);
    }
    const largest = 'x'.repeat(SMALL.slot - 1_024);
    await Promise.all(inFlight.map((one) => journal.answered(one, answer(largest))));
    expect(await journals.found(folder)).toEqual(inFlight.map((one) => ({ intent: one, answer: answer(largest) })));
  });

  it('refuses a burst without space for it, and sends none of it', async () => {
    const { journal } = await journals.open(journals.folder());
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => journal.dispatched(intent())));
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: 'journal.full' } });
    expect(journal.unsettledCount).toBe(100 - refused.length);
  });

  it('takes nothing after it was closed', async () => {
    const { journal } = await journals.open(journals.folder());
    await journal.close();
    expect(journal.writable()).toBe(false);
    await expect(journal.dispatched(intent())).rejects.toMatchObject({ code: 'journal.full' });
  });
});
