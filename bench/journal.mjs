// How long an answer in memory takes until it survives a power cut, beside a bare write and fdatasync of as many bytes to a
// preallocated file on the same disk, in the same run: `npm run build && node bench/journal.mjs [answers] [folder]`.
// First with 1, 16 and 64 exchanges whose platform takes its 20 to 80 milliseconds, the most of them some 1,000 a second: these must
// keep the limit, or on a disk that cannot keep it stay near the bare write. Then without a platform, as fast as they go, which
// is far beyond what an exchanger does.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { FileJournal } from '#exchanger/testing';

const ANSWERS = Number(process.argv[2] ?? 2_000);
const PLACE = process.argv[3] ?? tmpdir();
const TARGET = 5;
/** Of the bare write's slowest hundredth, where that alone is near the target or above it. */
const NEAR = 1.5;
const ROUNDS = 4;
/** The slowest hundredth needs some hundreds of measurements of each. */
const PACED_BARE = 400;
const answer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(
    JSON.stringify({ access_token: 'a'.repeat(400), refresh_token: 'r'.repeat(100), expires_in: 7_200 }),
  ),
};
const RECORD_BYTES = 900;
/** @typedef {() => number} PlatformTime returns milliseconds */

/** @type {PlatformTime} */
const platformTime = () => 20 + Math.random() * 60;

/** @typedef {{ journal: number[], bare: number[] }} Times milliseconds */

const folder = await mkdtemp(join(PLACE, 'bench-journal-'));
try {
  const begin = performance.now();
  const keyring = new Keyring(new Secret(`bench:${randomBytes(32).toString('base64')}`));
  const { journal } = await FileJournal.open(join(folder, 'journal'), {
    keyring,
    logger: createLogger({ app: 'bench' }),
    layout: { ahead: 320 },
  });
  console.log(`opened, space for 80 exchanges allocated, in ${Math.round(performance.now() - begin)} ms`);
  await measureJournal(journal, 16, ANSWERS / 4);
  for (const { platform, what } of [
    { platform: platformTime, what: 'exchanges' },
    { platform: undefined, what: 'as fast as they go' },
  ]) {
    for (const lanes of [1, 16, 64]) {
      /** @type {Times} */
      const times = { journal: [], bare: [] };
      // In turns, so that a busy moment of the machine affects both.
      for (let round = 0; round < ROUNDS; round += 1) {
        times.bare.push(...(await measureBare(platform, (platform ? PACED_BARE : ANSWERS) / ROUNDS)));
        times.journal.push(
          ...(await measureJournal(
            journal,
            lanes,
            (platform ? Math.max(PACED_BARE, lanes * 100) : ANSWERS) / ROUNDS,
            platform,
          )),
        );
      }
      const within = report(`${lanes} ${what}`, times);
      if (platform && !within) process.exitCode = 1;
    }
  }
  await journal.close();
} finally {
  await rm(folder, { recursive: true });
}

/**
 * @param {string} what
 * @param {Times} times
 */
function report(what, { journal, bare }) {
  /** @param {number} share */
  const ratio = (share) => (at(journal, share) / at(bare, share)).toFixed(1);
  /** @param {number[]} of */
  const line = (of) => [0.5, 0.95, 0.99].map((share) => at(of, share).toFixed(2)).join(' / ');
  const [mine, disk] = [at(journal, 0.99), at(bare, 0.99)];
  const result =
    mine <= TARGET
      ? `within ${TARGET} ms`
      : `above ${TARGET} ms, ${mine <= disk * NEAR ? 'near the bare write' : 'FAR FROM THE BARE WRITE'}`;
  console.log(
    `${what}: p50/p95/p99 ${line(journal)} ms (${result}), bare ${line(bare)} ms, ratio p50 ${ratio(0.5)}, p99 ${ratio(0.99)}`,
  );
  return mine <= Math.max(TARGET, disk * NEAR);
}

/**
 * Whole exchanges, one after the other in each lane; the time is that of the answer alone.
 * @param {FileJournal} journal
 * @param {number} lanes
 * @param {number} count
 * @param {PlatformTime} [platform]
 */
async function measureJournal(journal, lanes, count, platform) {
  /** @type {number[]} */
  const times = [];
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (times.length < count) {
        /** @type {Parameters<FileJournal['dispatched']>[0]} */
        const intent = { intentId: randomUUID(), kind: 'refresh', subjectId: randomUUID(), version: '7' };
        while (!journal.writable()) await new Promise(setImmediate);
        await journal.dispatched(intent);
        if (platform) await pause(platform());
        const begin = performance.now();
        await journal.answered(intent, answer);
        times.push(performance.now() - begin);
        journal.settled(intent.intentId);
      }
    }),
  );
  return times;
}

/**
 * @param {PlatformTime | undefined} platform
 * @param {number} count
 */
async function measureBare(platform, count) {
  const file = await open(join(folder, 'bare'), 'w');
  const times = [];
  try {
    await file.write(Buffer.alloc(4 * 1_024 * 1_024), 0);
    await file.sync();
    const record = randomBytes(RECORD_BYTES);
    for (let n = 0; n < count; n += 1) {
      // On a busy machine a sleeping process continues late, and so does an idle disk.
      if (platform) await pause(platform());
      const begin = performance.now();
      await file.write(record, 0, RECORD_BYTES, n * RECORD_BYTES);
      await file.datasync();
      times.push(performance.now() - begin);
    }
  } finally {
    await file.close();
  }
  return times;
}

/**
 * @param {number[]} times
 * @param {number} share
 */
function at(times, share) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? NaN;
}
