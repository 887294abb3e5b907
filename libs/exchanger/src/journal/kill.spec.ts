import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { JournalPrograms } from '../../../../test/support/journal-process.js';
import { Journals, newKey, SMALL } from '../../../../test/support/journals.js';
import type { Unsettled } from './journal.js';

/** Each costs a start of Node. The fault test kills the whole exchanger, under load. */
const KILLS = 15;
const key = newKey('kill');
const keyring = new Keyring(new Secret(key));

const openIn = (folder: string): string => `
  const keyring = new Keyring(new Secret('${key}'));
  const { journal, unsettled } = await FileJournal.open('${folder}', { keyring, logger, waitFor: 0, layout: ${JSON.stringify(SMALL)} });`;

/** Prints each exchange that was acknowledged (D, R) afterwards, and one that is closed (C) before it is. */
const exchanging = (folder: string): string => `${openIn(folder)}
  async function exchanges(lane) {
    for (let n = 0; ; n += 1) {
      const intent = { intentId: randomUUID(), kind: 'refresh', subjectId: 'lane-' + lane, version: String(n) };
      while (!journal.writable()) await new Promise(setImmediate);
      await journal.dispatched(intent); print('D ' + intent.intentId);
      await journal.answered(intent, { status: 200, headers: {}, body: Buffer.from('answer of ' + intent.intentId + 'x'.repeat(n * 97 % 3000)) }); print('R ' + intent.intentId);
      if (n % 16 === 15) continue;
      print('C ' + intent.intentId); journal.settled(intent.intentId);
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, lane) => exchanges(lane)));`;

const printed = (lines: string[], letter: string): string[] =>
  lines.filter((line) => line.startsWith(letter)).map((line) => line.slice(2));
const idsOf = (unsettled: Unsettled[]): string[] => unsettled.map(({ intent }) => intent.intentId);

describe('a process that is killed while it writes its journal', () => {
  const journals = new Journals();
  let programs: JournalPrograms;

  beforeAll(() => {
    programs = new JournalPrograms();
  });

  afterAll(async () => {
    await journals.remove();
    programs.remove();
  });

  it(`loses nothing that was acknowledged, in ${KILLS} kills at random moments`, async () => {
    const folder = journals.folder();
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const running = programs.start(exchanging(folder));
      await running.printsLine();
      await sleep(randomInt(80));
      await running.kill();
      const { journal, unsettled } = await journals.open(folder, { keyring });
      const settled = new Set(printed(running.lines, 'C'));
      const owed = (letter: string): string[] => printed(running.lines, letter).filter((id) => !settled.has(id));
      expect(idsOf(unsettled)).toEqual(expect.arrayContaining(owed('D')));
      expect(idsOf(unsettled.filter(({ answer }) => answer))).toEqual(expect.arrayContaining(owed('R')));
      for (const { intent, answer } of unsettled) {
        if (answer) expect(answer.body.toString()).toMatch(new RegExp(`^answer of ${intent.intentId}(x|$)`));
        if (kill % 3 < 2) journal.settled(intent.intentId);
      }
      acknowledged += printed(running.lines, 'D').length;
      await journal.close();
    }
    expect(acknowledged).toBeGreaterThan(KILLS);
  }, 120_000);

  it('holds its journal against a second process, and frees it at once when it ends', async () => {
    const folder = journals.folder();
    const running = programs.start(`${openIn(folder)} print('open'); setInterval(quiet, 1000);`);
    await running.printsLine();
    expect(running.lines).toEqual(['open']);
    await expect(journals.open(folder, { keyring })).rejects.toMatchObject({ code: 'journal.held' });
    const waiting = journals.open(folder, { keyring, waitFor: 20_000 });
    await running.kill();
    await expect(waiting).resolves.toMatchObject({ unsettled: [] });
    await expect(journals.open(folder, { keyring })).rejects.toMatchObject({ code: 'journal.held' });
  });
});
