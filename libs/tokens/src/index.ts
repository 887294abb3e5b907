export { openUsableToken, type TokenAvailability, type UsableToken } from './access-token.js';
export { type ApiAnswer, authorizedCall } from './authorized-call.js';
export { connectExchanger, type Exchanger } from './exchange/client.js';
export { eachLine, makePrivateDirectory } from './exchange/socket.js';
export {
  type CodeOutcome,
  type RefreshOptions,
  type RefreshOutcome,
  storedOutcome,
  type TokenExchange,
} from './exchange/token-exchange.js';
export {
  callMessage,
  checkAppCall,
  codeCall,
  type ExchangerHealth,
  refreshCall,
  type Reply,
  revokeCall,
  type WireCall,
} from './exchange/wire.schema.js';
export { adoptGrant, type ExchangedAttempt } from './grants/adopt-grant.js';
export { discardAttempt, discardAttemptsOf, endGrant, retireGrant } from './grants/end-grant.js';
export { type AttemptIdentity, identify, identifyAttempt } from './identify.js';
export { keepAsOrphan } from './grants/keep-orphan.js';
export { listProfiles, type ProfileList, syncProfiles, toCandidate } from './grants/profiles.js';
export {
  keepSecretForRevocations,
  offersRevocation,
  queueRevocation,
  type RevocableTokens,
} from './grants/queue-revocation.js';
export { modeOf as suppliedMode, type SuppliedTokens, supplyGrant } from './grants/supply-grant.js';
export { type TokenVerification, type VerifiedProfile, verifyToken } from './verify-token.js';
export { checkKeys } from './master-keys/check-keys.js';
export { KeyHolder } from './master-keys/key-holder.js';
export type { KeyReport } from './master-keys/key-report.js';
export { MasterKeys } from './master-keys/master-keys.js';
export type { Rotation } from './master-keys/rotate-keys.js';
export { API_DEADLINE, NotSent, TOKEN_DEADLINE, UNREACHABLE } from './platform-client.js';
export type { PlatformConnection } from './platform-connection.js';
export { probeAccount, type ProbeOutcome } from './probe/probe-account.js';
export { reportBrokenSeal, sweepBrokenSeals } from './store/broken-seals.js';
export { releaseExpiredClaims } from './store/grants/claims.js';
export { acceptSecret, readApp } from './store/apps.js';
export {
  checkGrantsOfApp,
  chooseGrantForSecret,
  hasRefreshableGrant,
  lockGrantsOfApp,
  wakeGrants,
} from './store/grants/grants-of-app.js';
export { findUnusedGrants } from './store/grants/grants.js';
export { deleteOldIntents } from './store/grants/intents.js';
export { applyHealth } from './store/health-store.js';
export { endOverdueRevocations, wakeRevocations } from './store/revocations.js';
export { databaseTime, operatingFacts } from './store/operating-facts.js';
export { createTokenContext, type TokenContext } from './token-context.js';
export type { Renewal } from './packed-tokens.js';
export { type GrantTokens, type RevocationSecrets, Vault } from './vault.js';
