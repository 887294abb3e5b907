import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestDatabase, type TestDatabase } from './support/database.js';
import { openTestRedis, redisIsHere, type TestRedis } from './support/redis.js';

const PASSWORD = 'a-wrong-password-that-must-not-be-logged';
/** Shorter than the 30 seconds that a process waits for a database that may be starting. */
const END_TIMEOUT_MS = 25_000;

let database: TestDatabase;
let home: string;

beforeAll(async () => {
  database = await openTestDatabase();
  home = mkdtempSync(join(tmpdir(), 'evergrant-connect-'));
});
afterAll(async () => {
  await database.close();
  rmSync(home, { recursive: true, force: true });
});

interface End {
  code: number | null;
  output: string;
}

/** Runs one of the processes as it is deployed, until it ends or waits longer than it may for these errors. */
async function start([entry, ...args]: string[], env: Record<string, string>): Promise<End> {
  const own = {
    MASTER_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
    EVERGRANT_HOME: home,
    NODE_ENV: 'development',
    PORT: '1',
  };
  const child = spawn(process.execPath, [`dist/bundle/${entry}.js`, ...args], {
    env: { PATH: process.env.PATH, ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const waiting = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(waiting);
  return { code, output };
}

const changed = (change: (url: URL) => void): string => {
  const url = new URL(database.url);
  change(url);
  return url.href;
};

const PROCESSES = [['api'], ['worker'], ['exchanger'], ['cli', 'migrate']];
const urls: [what: string, url: () => string, error: RegExp, processes: string[][]][] = [
  [
    'a password that the server refuses',
    () =>
      changed((url) => {
        url.password = PASSWORD;
      }),
    /refuses the login.*DATABASE_URL/,
    PROCESSES,
  ],
  [
    'a database that does not exist',
    () =>
      changed((url) => {
        url.pathname = '/nowhere';
      }),
    /no such database.*DATABASE_URL/,
    [['cli', 'migrate']],
  ],
  [
    'a host that is not known',
    () =>
      changed((url) => {
        url.hostname = 'database.invalid';
        url.password = PASSWORD;
      }),
    /host in DATABASE_URL is not known/,
    // The others open their pools as the migration does.
    [['cli', 'migrate'], ['exchanger']],
  ],
  [
    'no database in it',
    () => `postgres://evergrant:${PASSWORD}@127.0.0.1`,
    /DATABASE_URL: must name a host and a database/,
    [['cli', 'migrate']],
  ],
];

describe('a process of the service', () => {
  it.each(urls)('ends at once and logs the reason when DATABASE_URL has %s', async (_what, url, error, processes) => {
    const ends: End[] = [];
    // One after the other: their starts need the processor, and the time limit is about their wait for the database.
    for (const command of processes) ends.push(await start(command, { DATABASE_URL: url() }));
    expect(ends).toEqual(processes.map(() => ({ code: 1, output: expect.stringMatching(error) })));
    expect(JSON.stringify(ends)).not.toContain(PASSWORD);
  });
});

(redisIsHere ? describe : describe.skip)('a worker whose REDIS_URL', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await openTestRedis();
  });
  afterAll(() => redis.stop());

  it.each([
    [
      'has a password that Redis refuses',
      () => redis.url.replace('redis://', `redis://another:${PASSWORD}@`),
      /WRONGPASS/,
    ],
    ['names a host that is not known', () => `redis://:${PASSWORD}@redis.invalid:6379`, /ENOTFOUND|EAI_AGAIN/],
  ])('%s ends at once and logs the reason', async (_what, url, error) => {
    const { code, output } = await start(['worker'], { DATABASE_URL: database.url, REDIS_URL: url() });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(error) });
    expect(output).not.toContain(PASSWORD);
  });
});
