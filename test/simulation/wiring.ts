import { mayBeRevoked, needsCanary } from '../../libs/tokens/src/protocol/revocation-policy.js';
import { conclusionOf, fromJournal, mayStillSend, nextStep } from '../../libs/tokens/src/protocol/exchange-step.js';
import { isFresh } from '../../libs/tokens/src/protocol/schedule.js';
import { stateBefore } from '../../libs/tokens/src/protocol/grant.js';
import { afterAdoption, fateOfLatePair, endsGrant } from '../../libs/tokens/src/protocol/late-pair.js';
import {
  afterFailure,
  afterLostAnswer,
  afterStrike,
  afterTokens,
} from '../../libs/tokens/src/protocol/after-refresh.js';
import { takeOver } from '../../libs/tokens/src/protocol/take-over.js';
import { SECOND } from '../support/grant-facts.js';

/** The decisions of the product: its own functions, which a mutant replaces by wrong ones. */
const decisions = {
  nextStep,
  mayStillSend,
  conclusionOf,
  fromJournal,
  afterTokens,
  afterFailure,
  afterLostAnswer,
  afterStrike,
  takeOver,
  fateOfLatePair,
  stateBefore,
  isFresh,
  mayBeRevoked,
  needsCanary,
  afterAdoption,
  endsGrant,
};

/** What SQL and files do in the product, as this world's own code does it: a mutant leaves one of them out. */
const habits = {
  /** `where token_version = $v` when a pair or a verdict is stored. */
  versionFence: true,
  /** `where claim_epoch = $e` when something without a pair is stored. */
  epochFence: true,
  /** Only a free grant is claimed. */
  claimsExclude: true,
  claim: 150 * SECOND,
  eventsPerCommit: 1,
  journalsAnswers: true,
  /** D is on disk, and the database knows, before a byte leaves. */
  notesDispatch: true,
  /** A claim that is found in flight is no longer sent than this after it was taken. */
  deadline: 120 * SECOND,
  recovers: true,
  /** What is to be revoked is kept beside a pair that it could end. */
  looksBeforeRevoking: true,
};

export type Wiring = typeof decisions & typeof habits;

export const real: Wiring = { ...decisions, ...habits };
