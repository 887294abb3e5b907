import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, Metrics, Secret } from '#observability';
import { openTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { answer, intent, Journals, newKey } from '../../../test/support/journals.js';
import { openExchanger, type OpenedExchanger } from './open-exchanger.js';

const journals = new Journals();
let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => {
  await journals.remove();
  await database.close();
});

const open = (journalDir: string, key: string): Promise<OpenedExchanger> =>
  openExchanger({
    ...{ url: new Secret(database.url), pool: 2, masterKeys: new Secret(key), journalDir },
    ...{ sandboxUrl: '', customProviders: undefined, name: 'exchanger', signal: new AbortController().signal },
    gate: { perSecond: 50, inFlight: 4, waiting: 4 },
    metrics: new Metrics({ process: 'exchanger', sources: [] }),
    logger: createLogger({ app: 'test', level: 'silent' }),
  });

it('an exchanger with a wrong master key does not open its journal, and the right key finds every answer in it', async () => {
  const folder = join(journals.folder(), 'journal');
  const right = newKey('k1');
  const first = await open(folder, right);
  const left = intent();
  await first.context.journal.dispatched(left);
  await first.context.journal.answered(left, answer());
  await first.close();
  await expect(open(folder, newKey('k1'))).rejects.toMatchObject({ code: 'keys.wrong' });
  const next = await open(folder, right);
  expect(next.unsettled).toEqual([{ intent: left, answer: answer() }]);
  await next.close();
});

it('an exchanger whose keys are refused creates no journal', async () => {
  const folder = join(journals.folder(), 'journal');
  await expect(open(folder, newKey('k1'))).rejects.toMatchObject({ code: 'keys.wrong' });
  expect(existsSync(folder)).toBe(false);
});
