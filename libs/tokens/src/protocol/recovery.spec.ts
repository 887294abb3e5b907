import { expect, it } from '@jest/globals';
import { decideRecovery, type LeftExchange } from './recovery.js';

it.each<[LeftExchange['intent'], answered: string, unanswered: string]>([
  ['prepared', 'conclude', 'conclude'],
  ['dispatched', 'conclude', 'conclude'],
  ['unknown', 'conclude', 'close'],
  ['committed', 'close', 'close'],
  ['answered', 'close', 'close'],
  ['released', 'close', 'close'],
])(
  'recovery of an exchange that is %s in the database: %s with its answer, %s without',
  (intent, answered, unanswered) => {
    expect([true, false].map((known) => decideRecovery({ answered: known, intent }))).toEqual([answered, unanswered]);
  },
);
