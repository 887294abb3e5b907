import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { createLogger, Metrics, Secret } from '#observability';
import { openTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { answer, intent, Journals, newKey } from '../../../test/support/journals.js';
import { openExchanger, type OpenedExchanger } from './open-exchanger.js';

const journals = new Journals();
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = new Pool({ connectionString: database.url });
});
afterAll(async () => {
  await journals.remove();
  await pool.end();
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

describe('a start on the folder of a journal', () => {
  const key = newKey('k1');
  const started = async (folder: string): Promise<[isOwn: boolean, holder: string]> => {
    const opened = await open(folder, key);
    await opened.close();
    return [opened.isOwn, opened.context.holder];
  };

  beforeAll(() => pool.query('truncate master_keys, master_key_holders'));

  it('keeps its name where it is the folder of the latest start, however often it starts', async () => {
    const folder = join(journals.folder(), 'journal');
    const [, holder] = await started(folder);
    expect([await started(folder), await started(folder)]).toEqual([
      [true, holder],
      [true, holder],
    ]);
  });

  it('on a copy takes a new name, beside the running owner of the original', async () => {
    const folder = join(journals.folder(), 'journal');
    const first = await open(folder, key);
    const copy = join(journals.folder(), 'journal');
    cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
    const second = await open(copy, key);
    expect([second.isOwn, second.context.holder === first.context.holder]).toEqual([false, false]);
    await first.close();
    await second.close();
    expect([(await started(folder))[0], (await started(copy))[0]]).toEqual([true, true]);
  });

  it('on a folder that was restored from before the latest start takes a new name', async () => {
    const folder = join(journals.folder(), 'journal');
    const [, holder] = await started(folder);
    const before = readFileSync(join(folder, 'id'));
    await started(folder);
    await started(folder);
    writeFileSync(join(folder, 'id'), before);
    expect(await started(folder)).toEqual([false, expect.not.stringMatching(holder)]);
  });

  it('takes a new name where the database has lost the latest start, or the folder is lost', async () => {
    const folder = join(journals.folder(), 'journal');
    const [, holder] = await started(folder);
    await pool.query('delete from journal_folders');
    const [isOwn, next] = await started(folder);
    expect([isOwn, next === holder]).toEqual([false, false]);
    rmSync(folder, { recursive: true });
    expect(await started(folder)).toEqual([false, expect.not.stringMatching(next)]);
  });

  it('opens connections that confirm a commit when it is on disk, whatever the default of its database is', async () => {
    const name = (await pool.query<{ name: string }>('select current_database() as name')).rows[0]!.name;
    await pool.query(`alter database "${name}" set synchronous_commit = off`);
    const { context, ...opened } = await open(join(journals.folder(), 'journal'), key);
    const { rows } = await context.pool.query('show synchronous_commit');
    await opened.close();
    await pool.query(`alter database "${name}" reset synchronous_commit`);
    expect(rows).toEqual([{ synchronous_commit: 'on' }]);
  });
});
