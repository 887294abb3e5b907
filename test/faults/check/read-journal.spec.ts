import { describe, expect, it } from '@jest/globals';
import type { JournalRecord } from '#exchanger/testing';
import { openExchanges } from './read-journal.js';

const record = (type: JournalRecord['type'], intentId: string, status?: number): JournalRecord => ({
  type,
  intent: { intentId, kind: 'refresh', subjectId: `grant of ${intentId}`, version: '4' },
  answer: status ? { status, headers: {}, body: Buffer.from('{}') } : null,
});

describe('the open exchanges of a journal', () => {
  it('leave out the exchanges that were settled', () => {
    const records = [
      record('dispatched', 'a'),
      record('dispatched', 'b'),
      record('answered', 'b', 200),
      record('dispatched', 'c'),
      record('settled', 'c'),
    ];
    expect(openExchanges(records)).toEqual([
      { intentId: 'a', grantId: 'grant of a', version: 4, isAnswered: false, bringsTokens: false },
      { intentId: 'b', grantId: 'grant of b', version: 4, isAnswered: true, bringsTokens: true },
    ]);
  });

  it('distinguish a refusal, which holds no tokens, from a success', () => {
    expect(openExchanges([record('dispatched', 'a'), record('answered', 'a', 400)])).toMatchObject([
      { isAnswered: true, bringsTokens: false },
    ]);
  });
});
