// How long an answer in memory takes until it survives a power cut, for 1, 16 and 64 answers at once, beside a bare write
// and fdatasync of as many bytes to a preallocated file on the same disk, in the same run:
// `npm run build && node bench/journal.mjs [answers] [folder]`. The ratio counts, not the milliseconds.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyring } from '#crypto';
import { createLogger, Secret } from '#observability';
import { FileJournal } from '#tokens';

const ANSWERS = Number(process.argv[2] ?? 2_000);
const PLACE = process.argv[3] ?? tmpdir();
const TARGET = 5;
const answer = { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ access_token: 'a'.repeat(400), refresh_token: 'r'.repeat(100), expires_in: 7_200 }) };
const RECORD_BYTES = 900;

const folder = await mkdtemp(join(PLACE, 'bench-journal-'));
try {
  const begin = performance.now();
  const keyring = new Keyring(new Secret(`bench:${randomBytes(32).toString('base64')}`));
  const { journal } = await FileJournal.open(join(folder, 'journal'), { keyring, logger: createLogger({ app: 'bench' }), layout: { ahead: 320 } });
  console.log(`opened, room for 80 exchanges made, in ${Math.round(performance.now() - begin)} ms`);
  await measureJournal(journal, 16, ANSWERS / 4);
  // Alternately, so that a busy minute of the machine hits both.
  for (const lanes of [1, 16, 64]) {
    const bare = await measureBare();
    report(lanes, await measureJournal(journal, lanes, ANSWERS), bare);
  }
  await journal.close();
} finally {
  await rm(folder, { recursive: true });
}

function report(lanes, times, bare) {
  const ratio = (share) => (at(times, share) / at(bare, share)).toFixed(1);
  const line = (of) => [0.5, 0.95, 0.99].map((share) => at(of, share).toFixed(2)).join(' / ');
  const verdict = at(times, 0.99) <= TARGET ? 'within' : 'ABOVE';
  console.log(`${lanes} at once: p50/p95/p99 ${line(times)} ms (${verdict} ${TARGET} ms), bare ${line(bare)} ms, ratio p50 ${ratio(0.5)}, p99 ${ratio(0.99)}`);
}

/** Whole exchanges, one after the other in each lane; measured is the answer alone. */
async function measureJournal(journal, lanes, count) {
  const times = [];
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (times.length < count) {
      const intent = { intentId: randomUUID(), kind: 'refresh', subjectId: randomUUID(), version: '7' };
      while (!journal.writable()) await new Promise(setImmediate);
      await journal.dispatched(intent);
      const begin = performance.now();
      await journal.answered(intent, answer);
      times.push(performance.now() - begin);
      journal.settled(intent.intentId);
    }
  }));
  return times;
}

async function measureBare() {
  const file = await open(join(folder, 'bare'), 'w');
  const times = [];
  try {
    await file.write(Buffer.alloc(4 * 1_024 * 1_024), 0);
    await file.sync();
    const record = randomBytes(RECORD_BYTES);
    for (let n = 0; n < ANSWERS; n += 1) {
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
