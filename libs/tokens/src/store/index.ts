export { currentMode } from './grants/current-mode.js';
export {
  acceptSecret,
  type AppRow,
  markAppActive,
  markAppFailing,
  openApp,
  passSecretTurn,
  readApp,
  reportAppFailure,
  waitOf,
} from './apps.js';
export { type CodeAttempt, readAttempt } from './attempts.js';
export { type Claim, claimGrant, type ClaimOptions, claimOf, markDispatched, releaseClaim } from './grants/claims.js';
export {
  advanceRefresh,
  changeGrant,
  databaseNow,
  type GrantAt,
  grantColumns,
  lockGrant,
  readGrant,
  toGrant,
} from './grants/grants.js';
export { reportBrokenSeal, SEAL_RETRY_AFTER_SECONDS } from './broken-seals.js';
export { applyHealth } from './health-store.js';
export {
  endIntent,
  type IntentEnd,
  intentOfAttempt,
  type IntentRow,
  markCodeDispatched,
  prepareCode,
  readIntent,
  releaseUnsent,
  restoreCode,
  restoreRefresh,
  unendedIntents,
} from './grants/intents.js';
export {
  APP_REFUSED,
  beginTry,
  type DueRevocation,
  dueRevocations,
  endRevocation,
  nameRevocation,
  type PendingRevocation,
  postponeRevocation,
} from './revocations.js';
