import { fromJournal, nextStep } from '../../libs/tokens/src/protocol/exchange-step.js';
import { afterLostAnswer, afterStrike, HEALTHY } from '../../libs/tokens/src/protocol/after-refresh.js';
import { takeOver } from '../../libs/tokens/src/protocol/take-over.js';
import { SECOND } from '../support/grant-facts.js';
import type { Wiring } from './wiring.js';

/** A core that is wrong in one thing, and the invariants of which at least one must show it. */
export type Mutant = [what: string, change: Partial<Wiring>, shownBy: string[]];

const dies = (reason: string) => ({ refreshState: 'confirm', endedReason: reason }) as const;

export const mutants: Mutant[] = [
  ['does not write answers to its journal', { journalsAnswers: false }, ['I1']],
  ['does not read its journal when it starts', { recovers: false }, ['I1', 'I6']],
  ['forgets on its way back that an answer was there', { fromJournal: () => fromJournal(false) }, ['I1']],
  [
    'erases the journal before the answer is stored',
    {
      nextStep: (known) =>
        known.recorded !== undefined && !known.closed && !known.concluded ? 'close' : nextStep(known),
    },
    ['I1', 'I2'],
  ],
  ['sends without a note', { notesDispatch: false }, ['I1', 'I2']],
  ['sends although it stood still since its note', { mayStillSend: () => true }, ['I1', 'I2']],
  ['stores a pair whatever the version', { versionFence: false }, ['I1', 'I3', 'I4', 'revoked']],
  ['lets a late verdict speak over a newer exchange', { epochFence: false }, ['I1', 'I2']],
  ['claims what is claimed', { claimsExclude: false }, ['I1', 'I2']],
  [
    'gives a claim half a minute, and no last call',
    { claim: 30 * SECOND, takeOver: (grant, _called, now) => takeOver(grant, true, now) },
    ['I1', 'I2'],
  ],
  [
    'takes what is in flight for not sent',
    { takeOver: (grant, _called, now) => takeOver({ ...grant, refreshState: 'claimed' }, true, now) },
    ['I1', 'I2'],
  ],
  [
    'never takes a claim over',
    { takeOver: (_grant, _called, now) => ({ until: new Date(now.getTime() + 20 * SECOND) }) },
    ['I4', 'I5'],
  ],
  [
    'takes a lost answer for a failure',
    { afterLostAnswer: (...args) => ({ ...afterLostAnswer(...args), refreshState: 'backoff', unknownSince: null }) },
    ['I2'],
  ],
  [
    'leaves an unknown outcome for later',
    {
      afterLostAnswer: (grant, moment) => ({
        ...afterLostAnswer(grant, moment),
        refreshDueAt: new Date(moment.now.getTime() + 600 * SECOND),
      }),
    },
    ['I5'],
  ],
  ['drops a pair that came late', { fateOfLatePair: () => 'stored' }, ['I1', 'revoked']],
  [
    'revokes a late pair beside a living one',
    { fateOfLatePair: ({ committed }) => (committed ? 'stored' : 'unwanted'), looksBeforeRevoking: false },
    ['revoked'],
  ],
  ['puts a late pair in the place of a stored one at the first refusal', { endsGrant: () => true }, ['I1', 'I4']],
  ['tells a commit twice', { eventsPerCommit: 2 }, ['I3']],
  ['tells no commit', { eventsPerCommit: 0 }, ['I3']],
  [
    'believes the first refusal',
    { afterStrike: (...args) => ({ ...afterStrike(...args), ...dies('grant_revoked') }) },
    ['I4'],
  ],
  ['believes no refusal', { afterStrike: (...args) => ({ ...afterStrike(...args), ...HEALTHY }) }, ['I4']],
  [
    'calls a loss a revocation',
    {
      afterStrike: (...args) => {
        const change = afterStrike(...args);
        return change.endedReason === 'refresh_outcome_unknown' ? { ...change, endedReason: 'grant_revoked' } : change;
      },
    },
    ['I1', 'I4'],
  ],
  [
    'forgets that another had sent the token again before its answer was stored',
    {
      afterStrike: (grant, failure, strike) => afterStrike(grant, failure, { ...strike, superseded: false }),
    },
    ['I1'],
  ],
  [
    'never tries the dead again',
    {
      afterStrike: (...args) => {
        const change = afterStrike(...args);
        return change.endedReason ? { ...change, refreshState: 'ended', refreshDueAt: null } : change;
      },
    },
    ['I4'],
  ],
];
