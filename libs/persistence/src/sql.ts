export type {
  AttemptStatus,
  Candidate,
  Grant,
  Health,
  ProbeClass,
  ProbeResult,
  RefreshMode,
} from './entities/index.js';
export {
  type DerivedState,
  markOwnTokensEnded,
  postponeProbesOfGrant,
  scheduleNextProbe,
  scheduleProbeAfterRefusal,
  scheduleProbeOfApp,
  scheduleProbesNow,
  storeHealth,
  storeListedProfile,
  storeMissingScopes,
  storeProbe,
} from './accounts/accounts.js';
export { STATUSES_WITH_TOKENS } from './attempts/attempt-row.js';
export { markAttemptExchanged } from './attempts/attempts.js';
export { connectRetryPeriod, explainConnectFailure, STARTS_WITHIN } from './connect-retry.js';
export { violates } from './errors.js';
export { Gathered } from './gathered.js';
export {
  claimRetryTurn,
  claimSecretTurn,
  endSecretTurn,
  endSecretWait,
  type OAuthAppStatus,
  type OAuthAppStatusChange,
  type StatusSource,
  storeAppStatus,
} from './oauth-apps.js';
export { newId, publicId } from './ids.js';
export { keepSpans, PreparingClient } from './preparing-client.js';
export { type AccountEventInput, recordEvent, recordTenantEvent } from './events.js';
export type { Environment, Tenant } from './tenant.js';
export { snapshot, together, transaction, type Tx } from './tx.js';
