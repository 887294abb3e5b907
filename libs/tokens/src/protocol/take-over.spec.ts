import { expect, it } from '@jest/globals';
import { grantFacts } from '../../../../test/support/grant-facts.js';
import { takeOver } from './take-over.js';

const now = new Date('2026-06-01T12:00:00Z');

it.each([
  ['idle', {}],
  ['backoff', { attempt: 2 }],
  ['confirm', { strikeCount: 1, attempt: 1 }],
  ['unknown', { unknownSince: now, attempt: 1 }],
] as const)('a claim that sent nothing leaves the grant in the state before, and due: %s', (refreshState, facts) => {
  const grant = grantFacts({ ...facts, refreshState: 'claimed' });
  expect(takeOver(grant, false, now)).toEqual({ change: { refreshState, refreshDueAt: now } });
});
