import { expect, it } from '@jest/globals';
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

it.each<[string, string | null, boolean]>([
  ['7', '7', true],
  ['6', '7', true],
  ['8', '7', false],
  ['10', '9', false],
  ['7', null, false],
])('a database with the version %s, whose stored answer was sent with %s, is behind: %s', (stored, sent, behind) => {
  expect(isBehind(stored, sent)).toBe(behind);
});
