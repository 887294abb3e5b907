import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Count, PointBatches } from './point-batches.js';

const WINDOW_MS = 60_000;
const LIMIT = 1_200;

let clock: number;
let endsAt: number;
let stored: number;
let statements: number;
let failure: Error | undefined;

/** A store of one window, as the library keeps it. */
async function take(_key: string, points: number): Promise<Count> {
  statements += 1;
  await Promise.resolve();
  if (failure) throw failure;
  if (clock >= endsAt) [stored, endsAt] = [0, clock + WINDOW_MS];
  stored += points;
  return { used: stored, resetIn: endsAt - clock };
}

const openProcess = (): PointBatches => new PointBatches(take, () => clock);

/** How many of these requests are within the limit. */
async function admitted(process: PointBatches, requests: number): Promise<number> {
  let within = 0;
  for (let request = 0; request < requests; request += 1)
    if ((await process.count('key', LIMIT)).used <= LIMIT) within += 1;
  return within;
}

beforeEach(() => {
  [clock, endsAt, stored, statements, failure] = [1, 0, 0, 0, undefined];
});

describe('points taken in advance', () => {
  it('one process counts every request, in order, with few statements', async () => {
    const process = openProcess();
    const numbers = [];
    for (let request = 0; request < LIMIT; request += 1) numbers.push((await process.count('key', LIMIT)).used);
    expect(numbers).toEqual(Array.from({ length: LIMIT }, (_, at) => at + 1));
    expect(statements).toBeLessThan(110);
    expect((await process.count('key', LIMIT)).used).toBeGreaterThan(LIMIT);
  });

  it('two processes never admit more than the limit together, and at most 1 % less', async () => {
    const [one, other] = [openProcess(), openProcess()];
    let within = 0;
    for (let round = 0; round < 200; round += 1) within += (await admitted(one, 7)) + (await admitted(other, 3));
    within += await admitted(one, 50);
    expect(within).toBeLessThanOrEqual(LIMIT);
    expect(within).toBeGreaterThanOrEqual(LIMIT * 0.99);
  });

  it('a process whose store does not answer lets as many uses of a key wait as it may, and refuses further ones at once', async () => {
    const process = new PointBatches(
      () => new Promise(() => undefined),
      () => clock,
      3,
    );
    const taking = 1;
    for (let use = 0; use < taking + 3; use += 1) void process.count('key', LIMIT);
    await expect(process.count('key', LIMIT)).rejects.toMatchObject({ code: 'database.busy', retryAfter: 1 });
  });

  it('a process that has made few requests has taken few points', async () => {
    const [one, other] = [openProcess(), openProcess()];
    await admitted(one, 4);
    expect((await other.count('key', LIMIT)).used).toBe(5);
  });

  it('a low limit is counted in the store for each request', async () => {
    const process = openProcess();
    for (let request = 0; request < 20; request += 1) await process.count('key', 60);
    expect(statements).toBe(20);
  });

  it('a refused request costs no statement once the limit is known to be reached', async () => {
    const process = openProcess();
    await admitted(process, LIMIT + 20);
    const before = statements;
    clock += 1_000;
    expect(await process.count('key', LIMIT)).toEqual({ used: stored, resetIn: WINDOW_MS - 1_000 });
    expect(statements).toBe(before);
  });

  it('requests that arrive together share a statement and have numbers of their own', async () => {
    const process = openProcess();
    const counts = await Promise.all(Array.from({ length: 16 }, () => process.count('key', 60)));
    expect(new Set(counts.map(({ used }) => used)).size).toBe(16);
    expect(Math.max(...counts.map(({ used }) => used))).toBe(16);
    expect(statements).toBe(2);
  });

  it('points of an ended window are not spent in the next one', async () => {
    const process = openProcess();
    await admitted(process, 100);
    clock = endsAt;
    expect(await process.count('key', LIMIT)).toEqual({ used: 1, resetIn: WINDOW_MS });
  });

  it('a failure of the store rejects the requests that wait for it, and no later one', async () => {
    const process = openProcess();
    failure = new Error('no store');
    await expect(process.count('key', LIMIT)).rejects.toThrow('no store');
    failure = undefined;
    expect((await process.count('key', LIMIT)).used).toBe(1);
  });

  it('each key has a count of its own', async () => {
    const process = new PointBatches((key, points) => Promise.resolve({ used: key.length + points, resetIn: 1 }));
    expect([(await process.count('a', LIMIT)).used, (await process.count('bcd', LIMIT)).used]).toEqual([2, 4]);
  });
});
