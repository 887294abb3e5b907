export {
  type Breaker,
  CLOSED,
  failedWithin,
  isAlarming,
  LONGEST_WAIT,
  opened,
  probed,
  probing,
  type Tally,
} from './breaker.js';
export { type Canary, isBelieved, mayBeConfirmed, wantsAnother, type Witness } from './death-rule.js';
export { accessLife, after, endOfLife } from './due.js';
export {
  type Conclusion,
  conclusionOf,
  fromJournal,
  type Known,
  mayStillSend,
  nextStep,
  type Step,
} from './exchange-step.js';
export { isFresh } from './fresh.js';
export { type GrantChange, type GrantFacts, hasEnded } from './grant.js';
export { afterAdoption, fateOfLatePair, isCondemned, type LateFate } from './late-pair.js';
export { nextLook } from './next-look.js';
export { afterRejection } from './rejection.js';
export {
  afterDisbelief,
  afterFailure,
  afterLostAnswer,
  afterStrike,
  afterTokens,
  type Circumstances,
  isSpentOnce,
} from './settle.js';
