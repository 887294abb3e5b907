import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { seconds } from '#config';
import { createLogger, Secret } from '#observability';
import { queueStores, type TestStore } from '../../../test/support/queue-stores.js';
import { openRateCounter, type RateCounter } from './rate-counter.js';

/** Small enough that each use is counted in the store. */
const LIMIT = 100;
const logger = createLogger({ app: 'test', level: 'silent' });

describe.each(queueStores.filter(({ here }) => here))('counts in $kind', (kind) => {
  let store: TestStore;
  let pool: pg.Pool;
  let processes: RateCounter[];

  beforeAll(async () => {
    store = await kind.open();
    pool = new pg.Pool({ connectionString: store.urls.databaseUrl });
    pool.on('error', () => undefined);
    const redisUrl = store.urls.redisUrl === undefined ? undefined : new Secret(store.urls.redisUrl);
    processes = [1, 2].map(() => openRateCounter({ pool, redisUrl, window: seconds(60), logger }));
    // The connection to Redis opens in the background. Until then each process counts alone.
    await untilShared(processes);
  });

  afterAll(async () => {
    for (const counter of processes) counter.close();
    await pool.end();
    await store.close();
  });

  it('a count includes the uses in all processes, and each key has its own count', async () => {
    const uses = await Promise.all(Array.from({ length: 10 }, (_, at) => processes[at % 2]!.count('together', LIMIT)));
    expect(uses.map(({ used }) => used).sort((left, right) => left - right)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(uses.every(({ resetIn }) => resetIn > 0 && resetIn <= seconds(60))).toBe(true);
    expect((await processes[0]!.count('another', LIMIT)).used).toBe(1);
  });

  it('a count starts again from one in the next window', async () => {
    const redisUrl = store.urls.redisUrl === undefined ? undefined : new Secret(store.urls.redisUrl);
    const brief = [1, 2].map(() => openRateCounter({ pool, redisUrl, window: seconds(1), logger }));
    await untilShared(brief);
    expect((await brief[0]!.count('brief', LIMIT)).used).toBe(1);
    expect((await brief[1]!.count('brief', LIMIT)).used).toBe(2);
    await new Promise((later) => setTimeout(later, 1_100));
    expect((await brief[0]!.count('brief', LIMIT)).used).toBe(1);
    for (const counter of brief) counter.close();
  });

  it('each process counts alone while the store is unavailable, and all count together when it is back', async () => {
    await store.takeAway();
    const [first, second] = [await processes[0]!.count('outage', LIMIT), await processes[1]!.count('outage', LIMIT)];
    expect([first.used, second.used]).toEqual([1, 1]);
    await store.giveBack();
    await untilShared(processes);
  });
});

/** Throws if two processes do not share their counts within ten seconds. */
async function untilShared([one, other]: RateCounter[]): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const key = `shared-${round}-${Math.random()}`;
    await one!.count(key, LIMIT);
    if ((await other!.count(key, LIMIT)).used === 2) return;
    await new Promise((later) => setTimeout(later, 100));
  }
  throw new Error('the processes do not count together');
}
