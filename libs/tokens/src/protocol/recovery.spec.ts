import { expect, it } from '@jest/globals';
import { decideRecovery, type LeftExchange } from './recovery.js';

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
