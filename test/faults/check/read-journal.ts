import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Keyring } from '#crypto';
import { type JournalRecord, readFrames, RecordCodec } from '#exchanger/testing';
import { journalIn } from '../world/product-environment.js';
import type { JournaledAnswer } from './facts.js';

/** An exchange without a record of its end. */
export interface OpenExchange extends JournaledAnswer {
  intentId: string;
  isAnswered: boolean;
  /** Whether the answer is a success. A refusal holds no tokens that could be lost. */
  bringsTokens: boolean;
}

/** The open exchanges in the journal of a stopped process, or at this moment. */
export function readJournal(directory: string, keyring: Keyring): OpenExchange[] {
  const folder = journalIn(directory);
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.segment'))
        .sort()
    : [];
  const codec = new RecordCodec(keyring);
  return openExchanges(
    files.flatMap((name) => readFrames(readFileSync(join(folder, name))).frames.map((frame) => codec.decode(frame))),
  );
}

/** Exchanges that were dispatched and not settled, in the order of their records. */
export function openExchanges(records: readonly JournalRecord[]): OpenExchange[] {
  const open = new Map<string, OpenExchange>();
  for (const { type, intent, answer } of records) {
    if (type === 'settled') open.delete(intent.intentId);
    else
      open.set(intent.intentId, {
        intentId: intent.intentId,
        grantId: intent.subjectId,
        version: Number(intent.version),
        isAnswered: type === 'answered',
        bringsTokens: answer?.status === 200,
      });
  }
  return [...open.values()];
}
