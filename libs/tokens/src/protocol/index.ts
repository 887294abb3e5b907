export {
  type Breaker,
  CLOSED,
  failedWithin,
  isAlarming,
  LONGEST_WAIT,
  MAX_INCONCLUSIVE_PROBES,
  opened,
  probed,
  probing,
  type Tally,
} from './breaker.js';
export { type Canary, trustsRefusals, mayBeRevoked, needsCanary, type ApiCheck } from './revocation-policy.js';
export { accessLife, after, endOfLife, isFresh, nextHealthChange } from './schedule.js';
export {
  type Conclusion,
  conclusionOf,
  fromJournal,
  type Known,
  mayStillSend,
  nextStep,
  type Step,
} from './exchange-step.js';
export { type GrantChange, type GrantFacts, hasEnded, isSpentOnce } from './grant.js';
export { SEAL_BROKEN } from './health.js';
export {
  decideRecovery,
  isBehind,
  type KeptExchange,
  type LeftExchange,
  type Recovery,
  type StoredGrant,
} from './recovery.js';
export { afterAdoption, fateOfLatePair, endsGrant, type LateFate } from './late-pair.js';
export { afterRefusalByStatus, afterUnlistedRefusal, type UnlistedRefusalMoment } from './unlisted-refusal.js';
export { afterDoubtfulAnswer } from './doubtful-answer.js';
export {
  afterRefusalWhileOpen,
  afterFailure,
  afterLostAnswer,
  afterRefusedAnswer,
  ANSWER_NOT_STORED,
  afterStrike,
  afterTokens,
  type StrikeContext,
} from './after-refresh.js';
