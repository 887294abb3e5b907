import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keyring } from '#crypto';
import { FileJournal } from '#exchanger/testing';
import { createLogger, Secret } from '#observability';
import type { PromisedFigure, PromiseSettings } from '../promised-figures.js';

const EXCHANGES = { short: 20_000, long: 100_000 };
const LANES = 200;
/** Folder sizes are compared at these shares of the exchanges. */
const FIRST_SHARE = 0.2;
const ALLOWED_GROWTH = 1.05;
const ANSWER = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ access_token: 'a'.repeat(400), refresh_token: 'r'.repeat(100) })),
};

/** One answer is never stored, while many other exchanges begin and end. */
export async function keptEntry({ short }: PromiseSettings): Promise<PromisedFigure[]> {
  const exchanges = short ? EXCHANGES.short : EXCHANGES.long;
  const folder = mkdtempSync(join(tmpdir(), 'evergrant-kept-'));
  try {
    const keyring = new Keyring(new Secret(`k1:${randomBytes(32).toString('base64')}`));
    const logger = createLogger({ app: 'faults', level: 'silent' });
    const { journal } = await FileJournal.open(join(folder, 'journal'), { keyring, logger });
    await exchange(journal, false);
    await exchangeMany(journal, exchanges * FIRST_SHARE);
    const first = sizeOf(folder);
    await exchangeMany(journal, exchanges * (1 - FIRST_SHARE));
    const last = sizeOf(folder);
    await journal.close();
    return [
      {
        name: `journal with one entry kept, ${exchanges} exchanges`,
        target: 'constant size',
        measured: `${inMegabytes(first)} MB after ${exchanges * FIRST_SHARE}, ${inMegabytes(last)} MB at the end`,
        isReached: last <= first * ALLOWED_GROWTH,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function exchangeMany(journal: FileJournal, count: number): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun++ < count) await exchange(journal, true);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function exchange(journal: FileJournal, isStored: boolean): Promise<void> {
  const intent = { intentId: randomUUID(), kind: 'refresh', subjectId: randomUUID(), version: '7' } as const;
  while (!journal.writable()) await new Promise(setImmediate);
  await journal.dispatched(intent);
  await journal.answered(intent, ANSWER);
  if (isStored) journal.settled(intent.intentId);
}

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);

const inMegabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
