import { describe, expect, it } from '@jest/globals';
import { decideRecovery, isBehind, type LeftExchange } from './recovery.js';

it.each<[LeftExchange['intent'], answer: string, dispatch: string, nothing: string]>([
  ['missing', 'store', 'unknown', 'unknown'],
  ['prepared', 'store', 'unknown', 'release'],
  ['dispatched', 'store', 'unknown', 'unknown'],
  ['unknown', 'store', 'close', 'close'],
  ['committed', 'close', 'close', 'close'],
  ['answered', 'close', 'close', 'close'],
  ['released', 'close', 'close', 'close'],
])(
  'recovery of an exchange that is %s in the database: %s with its answer in the journal, %s with its dispatch, %s without a record',
  (intent, ...expected) => {
    const journals = ['answer', 'dispatch', 'nothing'] as const;
    expect(journals.map((journal) => decideRecovery({ journal, intent, isOwn: true }))).toEqual(expected);
  },
);

it.each<LeftExchange['intent']>(['missing', 'prepared', 'dispatched'])(
  'recovery from a copied journal stores answers, and leaves a request that is %s to the end of its claim',
  (intent) => {
    const decide = (journal: LeftExchange['journal']) => decideRecovery({ journal, intent, isOwn: false });
    expect([decide('answer'), decide('dispatch'), decide('nothing')]).toEqual(['store', 'hold', 'hold']);
  },
);

describe('a grant whose stored answer was sent with the version 7', () => {
  const kept = { version: '7', claimedAt: new Date(1_000) };
  const stored = { tokenVersion: '7', refreshState: 'idle', consentedAt: new Date(0) } as const;

  it.each([
    ['5', true],
    ['7', true],
    ['8', false],
    ['10', false],
  ])('is behind with the version %s: %s', (tokenVersion, behind) => {
    expect(isBehind({ ...stored, tokenVersion }, kept)).toBe(behind);
  });

  it('is not behind where it has ended, or got a consent after that exchange, whose versions are given again', () => {
    expect(isBehind({ ...stored, refreshState: 'ended' }, kept)).toBe(false);
    expect(isBehind({ ...stored, consentedAt: kept.claimedAt }, kept)).toBe(false);
  });
});
