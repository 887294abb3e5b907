export { type AppRow, blameApp, blameAppOf, clearApp, openApp, readApp, waitOf } from './apps.js';
export { type AttemptAhead, readAttempt } from './attempts.js';
export { type Claim, claimGrant, type ClaimOptions, claimOf, markDispatched, releaseClaim } from './claims.js';
export { grantColumns, toGrant } from './grant-columns.js';
export { changeGrant, databaseNow, type GrantAt, lockGrant, readGrant } from './grants.js';
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
  unendedIntents,
} from './intents.js';
