import { mayBeRevoked, needsCanary } from '../../libs/tokens/src/protocol/revocation-policy.js';
import { conclusionOf, fromJournal, mayStillSend, nextStep } from '../../libs/tokens/src/protocol/exchange-step.js';
import { isFresh } from '../../libs/tokens/src/protocol/schedule.js';
import { stateBefore } from '../../libs/tokens/src/protocol/grant.js';
import { decideRecovery, isBehind } from '../../libs/tokens/src/protocol/recovery.js';
import { afterAdoption, fateOfLatePair, endsGrant } from '../../libs/tokens/src/protocol/late-pair.js';
import {
  afterFailure,
  afterLostAnswer,
  afterRefusedAnswer,
  afterStrike,
  afterTokens,
} from '../../libs/tokens/src/protocol/after-refresh.js';
import { afterDoubtfulAnswer } from '../../libs/tokens/src/protocol/doubtful-answer.js';
import { takeOver } from '../../libs/tokens/src/protocol/take-over.js';
import { SECOND } from '../support/grant-facts.js';

/** The product's own decision functions; a mutant replaces one of them. */
const decisions = {
  nextStep,
  mayStillSend,
  conclusionOf,
  fromJournal,
  decideRecovery,
  isBehind,
  afterRefusedAnswer,
  afterTokens,
  afterFailure,
  afterLostAnswer,
  afterDoubtfulAnswer,
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

/** What SQL and files do in the product and the model repeats; a mutant switches one of them off. */
const effects = {
  /** `where token_version = $v` when a pair or a failure is stored. */
  versionFence: true,
  /** `where claim_epoch = $e` when a result without a pair is stored. */
  epochFence: true,
  /** Only a free grant is claimed. */
  claimsExclude: true,
  claimTtl: 150 * SECOND,
  eventsPerCommit: 1,
  journalsAnswers: true,
  /** Record D and the mark in the database are durable before the first byte is sent. */
  recordsDispatch: true,
  /** Milliseconds after which a request without an answer counts as lost. */
  deadline: 120 * SECOND,
  recovers: true,
  /** A token whose answer is set aside is not sent again. */
  sparesSetAside: true,
  /** A pair to revoke is kept as an orphan if its revocation could end the stored pair. */
  keepsUnsafeRevocations: true,
  /** An older consent that is stored late does not replace a newer one. */
  ordersConsents: true,
  /** An accepted pair deletes the late pairs that are older. */
  deletesOutdatedPairs: true,
};

/** What else happens in a history. */
const surroundings = {
  /** Consents may be stored later than given, and in another order. */
  delaysConsents: false,
  /** The database may fail over to a standby that lacks the latest commits of pairs. */
  failsOver: false,
};

export type Wiring = typeof decisions & typeof effects & typeof surroundings;

export const productWiring: Wiring = { ...decisions, ...effects, ...surroundings };
