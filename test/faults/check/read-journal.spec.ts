import { describe, expect, it } from '@jest/globals';
import type { JournalRecord } from '#tokens';
import { openExchanges } from './read-journal.js';

const record = (type: JournalRecord['type'], intentId: string): JournalRecord => ({
  type, intent: { intentId, kind: 'refresh', subjectId: `grant of ${intentId}`, version: '4' }, answer: null,
});

describe('what is found in the journal of a dead process', () => {
  it('is what was sent and what came back, and not what was settled', () => {
    const records = [record('dispatched', 'a'), record('dispatched', 'b'), record('answered', 'b'), record('dispatched', 'c'), record('settled', 'c')];
    expect(openExchanges(records)).toEqual([
      { grantId: 'grant of a', version: 4, isAnswered: false },
      { grantId: 'grant of b', version: 4, isAnswered: true },
    ]);
  });
});
