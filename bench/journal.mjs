// How long an answer in memory takes until it survives a power cut, beside a bare write and fdatasync of as many bytes to a
// preallocated file on the same disk, in the same run: `npm run build && node bench/journal.mjs [answers] [folder]`.
// First with 1, 16 and 64 exchanges whose platform takes its 20 to 80 milliseconds, the most of them some 1,000 a second: these must
// keep the limit. Then without a platform, as fast as they go, which is far beyond what an exchanger does.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { FileJournal } from '#tokens';

const ANSWERS = Number(process.argv[2] ?? 2_000);
const PLACE = process.argv[3] ?? tmpdir();
const TARGET = 5;
const answer = { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ access_token: 'a'.repeat(400), refresh_token: 'r'.repeat(100), expires_in: 7_200 }) };
const RECORD_BYTES = 900;
const platformTime = () => 20 + Math.random() * 60;

const folder = await mkdtemp(join(PLACE, 'bench-journal-'));
try {
  const begin = performance.now();
  const keyring = new Keyring(new Secret(`bench:${randomBytes(32).toString('base64')}`));
  const { journal } = await FileJournal.open(join(folder, 'journal'), { keyring, logger: createLogger({ app: 'bench' }), layout: { ahead: 320 } });
  console.log(`opened, room for 80 exchanges made, in ${Math.round(performance.now() - begin)} ms`);
  await measureJournal(journal, 16, ANSWERS / 4);
  for (const [platform, what] of [[platformTime, 'exchanges'], [undefined, 'as fast as they go']]) {
    for (const lanes of [1, 16, 64]) {
      // Alternately, so that a busy minute of the machine hits both.
      const bare = await measureBare(platform);
      const within = report(`${lanes} ${what}`, await measureJournal(journal, lanes, Math.min(ANSWERS, platform ? lanes * 200 : ANSWERS), platform), bare);
      if (platform && !within) process.exitCode = 1;
    }
  }
  await journal.close();
} finally {
  await rm(folder, { recursive: true });
}

function report(what, times, bare) {
  const ratio = (share) => (at(times, share) / at(bare, share)).toFixed(1);
  const line = (of) => [0.5, 0.95, 0.99].map((share) => at(of, share).toFixed(2)).join(' / ');
  const within = at(times, 0.99) <= TARGET;
  console.log(`${what}: p50/p95/p99 ${line(times)} ms (${within ? 'within' : 'ABOVE'} ${TARGET} ms), bare ${line(bare)} ms, ratio p50 ${ratio(0.5)}, p99 ${ratio(0.99)}`);
  return within;
}

/** Whole exchanges, one after the other in each lane; measured is the answer alone. */
async function measureJournal(journal, lanes, count, platform) {
  const times = [];
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (times.length < count) {
      const intent = { intentId: randomUUID(), kind: 'refresh', subjectId: randomUUID(), version: '7' };
      while (!journal.writable()) await new Promise(setImmediate);
      await journal.dispatched(intent);
      if (platform) await pause(platform());
      const begin = performance.now();
      await journal.answered(intent, answer);
      times.push(performance.now() - begin);
      journal.settled(intent.intentId);
    }
  }));
  return times;
}

async function measureBare(platform) {
  const file = await open(join(folder, 'bare'), 'w');
  const times = [];
  try {
    await file.write(Buffer.alloc(4 * 1_024 * 1_024), 0);
    await file.sync();
    const record = randomBytes(RECORD_BYTES);
    for (let n = 0; n < (platform ? 200 : ANSWERS); n += 1) {
      // A process that has slept is not woken at once on a busy machine, and neither is a disk.
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

function at(times, share) {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)];
}
