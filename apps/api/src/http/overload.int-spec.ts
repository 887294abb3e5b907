import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openTestApi, type TestApi } from '../../../../test/support/api.js';

const CONNECTIONS = 2;
const WAITING = 10;
const REQUESTS = 60;

let api: TestApi;
let key: string;

beforeAll(async () => {
  api = await openTestApi({ DATABASE_POOL: String(CONNECTIONS), DATABASE_WAITING: String(WAITING) });
  key = await api.key();
});
afterAll(() => api.close());

const list = (): Promise<Response> => api.call('/v1/accounts', { as: key });

describe('an API whose database has become slow', () => {
  it('refuses at once what cannot wait, answers the rest, and is as before afterwards', async () => {
    expect((await list()).status).toBe(200);
    const blocker = new pg.Client(api.database.url);
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('lock table accounts in access exclusive mode');
    const answers = Array.from({ length: REQUESTS }, list);
    // As many wait for a connection, and as many for the count of their key, which one statement reads.
    const refused = await firstOf(answers, REQUESTS - CONNECTIONS - 2 * WAITING);
    for (const response of refused) {
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await response.json()).toMatchObject({ code: 'database.busy' });
    }
    expect((await api.call('/health/live')).status).toBe(200);
    await blocker.query('rollback');
    await blocker.end();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    // Of those that waited for their count, some find the pool full again.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(CONNECTIONS + WAITING);
    expect([...new Set(statuses)].toSorted()).toEqual([200, 503]);
    expect((await list()).status).toBe(200);
  });
});

/** The first `count` answers, whichever they are. */
function firstOf(answers: readonly Promise<Response>[], count: number): Promise<Response[]> {
  const first: Response[] = [];
  return new Promise((resolve, reject) => {
    for (const answer of answers)
      answer.then((response) => {
        first.push(response);
        if (first.length === count) resolve([...first]);
      }, reject);
  });
}
