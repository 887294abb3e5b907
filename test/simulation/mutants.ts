import { fromJournal, nextStep } from '../../libs/tokens/src/protocol/exchange-step.js';
import { afterLostAnswer, afterStrike, HEALTHY } from '../../libs/tokens/src/protocol/after-refresh.js';
import { afterDoubtfulAnswer } from '../../libs/tokens/src/protocol/doubtful-answer.js';
import { decideRecovery } from '../../libs/tokens/src/protocol/recovery.js';
import { takeOver } from '../../libs/tokens/src/protocol/take-over.js';
import { SECOND } from '../support/grant-facts.js';
import type { Wiring } from './wiring.js';

/** One defect in the core, the invariants of which at least one must detect it, and a seed whose histories show a rare one. */
export type Mutant = [what: string, change: Partial<Wiring>, shownBy: string[], seed?: number];

const reports = (reason: string) => ({ refreshState: 'confirm', endedReason: reason }) as const;

export const mutants: Mutant[] = [
  ['does not journal answers', { journalsAnswers: false }, ['I1', 'I5']],
  ['does not read the journal at start', { recovers: false }, ['I1', 'I6']],
  ['ignores the journaled answer during recovery', { fromJournal: () => fromJournal(false) }, ['I1', 'I5']],
  [
    'closes the journal entry before the answer is stored',
    {
      nextStep: (known) =>
        known.recorded !== undefined && !known.closed && !known.concluded ? 'close' : nextStep(known),
    },
    ['I1', 'I2', 'I5'],
  ],
  [
    'closes the journal entry of an answer that the database refuses',
    { nextStep: (known) => (known.refused && known.concluded && !known.closed ? 'close' : nextStep(known)) },
    ['I1', 'I5'],
  ],
  ['sends a token again whose answer is set aside', { sparesSetAside: false }, ['I1', 'I2']],
  [
    'drops a journaled answer at the start whose outcome is stored as unknown',
    { decideRecovery: (left) => (left.intent === 'unknown' ? 'close' : decideRecovery(left)) },
    ['I1', 'I5'],
  ],
  [
    'does not compare its stored answers with a database that has lost commits',
    { isBehind: () => false, failsOver: true },
    ['I1', 'I2', 'I3', 'I5'],
  ],
  ['sends without recording the dispatch', { recordsDispatch: false }, ['I1', 'I2']],
  ['sends although the process was suspended after the dispatch record', { mayStillSend: () => true }, ['I1', 'I2'], 2],
  ['stores a pair without checking the token version', { versionFence: false }, ['I1', 'I3', 'I4', 'revoked', 'I5']],
  ['stores a late failure over a newer exchange', { epochFence: false }, ['I1', 'I2']],
  ['claims a grant that is already claimed', { claimsExclude: false }, ['I1', 'I2']],
  [
    'releases a claim after 30 s without a check of its holder',
    { claimTtl: 30 * SECOND, takeOver: (grant, _called, now) => takeOver(grant, true, now) },
    ['I1', 'I2', 'I4'],
  ],
  [
    'treats a request in flight as not sent',
    { takeOver: (grant, _called, now) => takeOver({ ...grant, refreshState: 'claimed' }, true, now) },
    ['I1', 'I2'],
  ],
  [
    'never releases an expired claim',
    { takeOver: (_grant, _called, now) => ({ until: new Date(now.getTime() + 20 * SECOND) }) },
    ['I4', 'I5'],
  ],
  [
    'treats a lost answer as a failure',
    { afterLostAnswer: (...args) => ({ ...afterLostAnswer(...args), refreshState: 'backoff', unknownSince: null }) },
    ['I2'],
  ],
  [
    'treats a failure of the platform after the dispatch as one before it',
    { afterDoubtfulAnswer: (...args) => ({ ...afterDoubtfulAnswer(...args), unknownSince: null }) },
    ['I1', 'I2'],
  ],
  [
    'delays the retry of an unknown outcome',
    {
      afterLostAnswer: (grant, moment) => ({
        ...afterLostAnswer(grant, moment),
        refreshDueAt: new Date(moment.now.getTime() + 600 * SECOND),
      }),
    },
    ['I5'],
  ],
  [
    'replaces a newer consent with one that is stored late',
    { ordersConsents: false, delaysConsents: true },
    ['I1', 'I4'],
  ],
  ['keeps late pairs that are older than an accepted one', { deletesOutdatedPairs: false }, ['I1', 'I4', 'I5'], 12],
  ['drops a late pair', { fateOfLatePair: () => 'stored' }, ['I1', 'revoked']],
  [
    'revokes a late pair beside a valid one',
    { fateOfLatePair: ({ committed }) => (committed ? 'stored' : 'unwanted'), keepsUnsafeRevocations: false },
    ['revoked'],
  ],
  [
    'replaces a stored pair with a late one at the first refusal',
    { endsGrant: () => true, delaysConsents: true },
    ['I1', 'I4', 'I5'],
    4,
  ],
  ['records two events for a commit', { eventsPerCommit: 2 }, ['I3']],
  ['records no event for a commit', { eventsPerCommit: 0 }, ['I3']],
  [
    'reports a revocation at the first refusal',
    {
      afterStrike: (grant, ...args) => {
        const change = afterStrike(grant, ...args);
        // Losses are reported as before, so that the invariant of revocations alone detects the defect.
        const isLoss = [change.lastReason, grant.endedReason].includes('refresh_outcome_unknown');
        return isLoss ? change : { ...change, ...reports('grant_revoked') };
      },
    },
    ['I4'],
  ],
  ['ignores every refusal', { afterStrike: (...args) => ({ ...afterStrike(...args), ...HEALTHY }) }, ['I4']],
  [
    'reports a loss as a revocation',
    {
      afterStrike: (...args) => {
        const change = afterStrike(...args);
        return change.endedReason === 'refresh_outcome_unknown' ? { ...change, endedReason: 'grant_revoked' } : change;
      },
    },
    ['I1', 'I4'],
  ],
  [
    'ignores that a later request sent the token before the answer was stored',
    {
      afterStrike: (grant, failure, strike) => afterStrike(grant, failure, { ...strike, superseded: false }),
    },
    ['I1'],
  ],
  [
    'never retries a revoked grant',
    {
      afterStrike: (...args) => {
        const change = afterStrike(...args);
        return change.endedReason ? { ...change, refreshState: 'ended', refreshDueAt: null } : change;
      },
    },
    ['I4'],
  ],
];
