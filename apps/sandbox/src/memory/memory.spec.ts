import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelJournal } from './level-journal.js';
import { Memory } from './memory.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sandbox-memory-'));
});
afterEach(() => rm(home, { recursive: true }));

const kept = async (journal: LevelJournal): Promise<[string, object][]> => {
  const entries = [];
  for await (const entry of journal.entries()) entries.push(entry);
  return entries;
};

describe('the journal', () => {
  it('keeps the last of many changes to one key, however they are flushed', async () => {
    const journal = await LevelJournal.open(home);
    const flushes = [];
    for (let n = 1; n <= 500; n += 1) {
      journal.put('a', { n });
      if (n % 3 > 0) flushes.push(journal.flush());
    }
    journal.put('b', {});
    journal.delete('b');
    await Promise.all([...flushes, journal.flush()]);
    expect(await kept(journal)).toEqual([['a', { n: 500 }]]);
    await journal.close();
  });

  it('has written what came before a flush when the flush is done', async () => {
    const journal = await LevelJournal.open(home);
    journal.put('a', { n: 1 });
    const first = journal.flush();
    journal.put('a', { n: 2 });
    await Promise.all([first, journal.flush()]);
    expect(await kept(journal)).toEqual([['a', { n: 2 }]]);
    await journal.close();
  });

  it('has what was flushed in its files, so that it is there after the process was killed', async () => {
    const journal = await LevelJournal.open(join(home, 'running'));
    journal.put('a', { n: 1 });
    await journal.flush();
    await cp(join(home, 'running'), join(home, 'after the kill'), { recursive: true });
    const found = await LevelJournal.open(join(home, 'after the kill'));
    expect(await kept(found)).toEqual([['a', { n: 1 }]]);
    await Promise.all([journal.close(), found.close()]);
  });

  it('reports in a sentence that another process has it open', async () => {
    const journal = await LevelJournal.open(home);
    await expect(LevelJournal.open(home)).rejects.toThrow('is another sandbox running on it?');
    await journal.close();
  });
});

describe('the call log', () => {
  const call = { provider: 'p', endpoint: 'token', outcome: 'ok', status: 200 } as const;

  it('keeps the last 5000 calls and continues to count after a restart', async () => {
    const memory = await Memory.open(home);
    for (let n = 0; n < 5_010; n += 1) memory.calls.add(call);
    expect(memory.calls.find({})).toHaveLength(5_000);
    await memory.close();
    const again = await Memory.open(home);
    expect(again.calls.find({})).toHaveLength(5_000);
    expect(again.calls.add(call).seq).toBe(5_011);
    expect(again.calls.find({})[0]?.seq).toBe(12);
    await again.close();
  });
});
