export { checkKeys } from './check-keys.js';
export { connectExchanger } from './exchange/exchange-client.js';
export { eachLine } from './exchange/lines.js';
export { makeOwnDirectory } from './exchange/own-directory.js';
export type {
  CodeOutcome,
  Exchanger,
  RefreshOptions,
  RefreshOutcome,
  RevocableTokens,
  TokenExchange,
} from './exchange/token-exchange.js';
export {
  callMessage,
  codeCall,
  type ExchangerHealth,
  refreshCall,
  type Reply,
  revokeCall,
  type WireCall,
} from './exchange/wire.schema.js';
export { adoptGrant, type ExchangedAttempt } from './grants/adopt-grant.js';
export { endGrant } from './grants/end-grant.js';
export { type AttemptIdentity, identifyAttempt } from './grants/identify-attempt.js';
export { listProfiles, type ProfileList, syncProfiles, toCandidate } from './grants/profiles.js';
export { discardAttempt, discardAttemptsOf, retireGrant } from './grants/retire-grant.js';
export { identify } from './identify.js';
export { API_DEADLINE, NotSent, TOKEN_DEADLINE, UNREACHABLE } from './platform-client.js';
export type { PlatformLine } from './platform-line.js';
export { probeAccount, type ProbeOutcome } from './probe/probe-account.js';
export { wakeGrants } from './store/apps.js';
export { recoverClaims } from './store/claims.js';
export { forgetIntents } from './store/forget-intents.js';
export { applyHealth } from './store/health-store.js';
export { databaseTime, operatingFacts } from './store/operating-facts.js';
export { createTokenContext, type TokenContext } from './token-context.js';
export { type GrantTokens, Vault } from './vault.js';
