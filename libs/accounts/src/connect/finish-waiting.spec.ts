import { expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { createLogger } from '#observability';
import type { Database } from '#persistence';
import type { FinishAttempt } from './finish-attempt.js';
import { FinishWaiting } from './finish-waiting.js';

const HANGING_APPS = 40;

/** A database with one due attempt of each app, named after the app; the hanging ones are listed first. */
function databaseOf(apps: { id: string; platform: string }[]): Database {
  const claimed = new Set<unknown>();
  const query = (text: string, [app]: unknown[] = []): Promise<{ rows: object[] }> => {
    if (text.includes('group by')) return Promise.resolve({ rows: apps });
    const rows = claimed.has(app) ? [] : [{ id: app }];
    claimed.add(app);
    return Promise.resolve({ rows });
  };
  return { pool: { query } } as unknown as Database;
}

it('Many apps at a platform that hangs delay the waiting attempts of no other platform.', async () => {
  const hanging = Array.from({ length: HANGING_APPS }, (_, n) => ({ id: `hanging-${n}`, platform: 'live/x' }));
  const finished: string[] = [];
  let release = (): void => undefined;
  const answer = new Promise<void>((resolve) => (release = resolve));
  const finish = {
    execute: async (id: string) => {
      if (id.startsWith('hanging')) await answer;
      finished.push(id);
    },
  } as unknown as FinishAttempt;
  const apps = [...hanging, { id: 'other', platform: 'live/tiktok' }];
  const sweep = new FinishWaiting(databaseOf(apps), finish, createLogger({ app: 'test', level: 'silent' })).execute();
  for (let n = 0; n < 10; n += 1) await turn();
  expect(finished).toEqual(['other']);
  release();
  await sweep;
  expect(finished).toHaveLength(HANGING_APPS + 1);
});
