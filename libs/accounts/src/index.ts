export { AccountHealth, type AccountHealthRecord } from './accounts/account-health.js';
export type { AccountFilters } from './accounts/account-filters.js';
export type { AccountRecord } from './accounts/account-record.js';
export { CreateAccount } from './accounts/create-account.js';
export type { CreatedAccount } from './accounts/supplied-account.js';
export { DisconnectAccount, type Disconnection } from './accounts/disconnect-account.js';
export { GetAccount } from './accounts/get-account.js';
export { type AccountEventRecord, ListAccountEvents } from './accounts/list-account-events.js';
export { type EventRecord, ReadFeed } from './accounts/read-feed.js';
export { ACCOUNT_SORTS, type AccountPage, ListAccounts } from './accounts/list-accounts.js';
export { PROBE_STATES } from './accounts/probe-state.js';
export { RECOMMENDATIONS } from './accounts/recommendation.js';
export { RefreshAccount } from './accounts/refresh-account.js';
export { TOKEN_STATES } from './accounts/token-state.js';
export { UpdateAccount } from './accounts/update-account.js';
export { CallPlatform, MAX_CALL_BYTES } from './calls/call-platform.js';
export { ReadToken } from './calls/read-token.js';
export { AccountsModule, type AccountsOptions } from './accounts.module.js';
export {
  API_SCOPES,
  type ApiScope,
  DASHBOARD_SCOPES,
  DEFAULT_SCOPES,
  ON_REQUEST_SCOPES,
  RESERVED_SCOPES,
} from './api-keys/api-scopes.js';
export {
  apiKeyFields,
  type ApiKeyMaker,
  type ApiKeyRecord,
  CreateApiKey,
  type NewApiKey,
} from './api-keys/create-api-key.js';
export { FindApiKey } from './api-keys/find-api-key.js';
export { ListApiKeys } from './api-keys/list-api-keys.js';
export { RevokeApiKey } from './api-keys/revoke-api-key.js';
export { type CallbackOutcome, CompleteConnect } from './connect/complete-connect.js';
export { withoutFragment } from './connect/read-callback.js';
export { ConfirmAttempt } from './connect/confirm-attempt.js';
export { FinishAttempt } from './connect/finish-attempt.js';
export { type AttemptRecord, ReadAttempt } from './connect/read-attempt.js';
export { type Landing, ReadLanding } from './connect/read-landing.js';
export { type OpenedReauthLink, ReauthLinks } from './connect/reauth-links.js';
export { RetireUnusedGrants } from './connect/retire-unused-grants.js';
export { SelectAccounts } from './connect/select-accounts.js';
export { StartConnect, type StartedAttempt } from './connect/start-connect.js';
export { StartReauth } from './connect/start-reauth.js';
export { SweepAttempts } from './connect/sweep-attempts.js';
export { API_KEY_PREFIX } from './injection.js';
export { AssignLeases } from './leases/assign-leases.js';
export { FillPool } from './leases/fill-pool.js';
export { LEASE_REQUEST_STATUSES, type LeaseRequestRecord, LeaseRequests } from './leases/lease-requests.js';
export { type PoolAccountRecord, PoolAccounts } from './leases/pool-accounts.js';
export { POOL_STATES, POOL_STEP_STATES, POOL_STEPS, type PoolStepName } from './leases/pool-steps.js';
export { type EndedLease, ReleaseLease } from './leases/release-lease.js';
export { RemovePoolAccount } from './leases/remove-pool-account.js';
export { CheckOAuthApp, type OAuthAppReport } from './oauth-apps/check-oauth-app.js';
export { ConfirmSecret } from './oauth-apps/confirm-secret.js';
export { CreateOAuthApp } from './oauth-apps/create-oauth-app.js';
export { DeleteOAuthApp } from './oauth-apps/delete-oauth-app.js';
export { GetOAuthApp, ListOAuthApps } from './oauth-apps/list-oauth-apps.js';
export type { OAuthAppRecord } from './oauth-apps/oauth-app-record.js';
export { UpdateOAuthApp } from './oauth-apps/update-oauth-app.js';
export { SweepBrokenSeals } from './operations/sweep-broken-seals.js';
export { SweepHistory, type SweepHistoryOptions } from './operations/sweep-history.js';
export { DueProbes } from './probe/due-probes.js';
export { ProbeNow } from './probe/probe-now.js';
export { ACCOUNT_STATUSES, type AccountStatus, statusOf } from './projects/account-status.js';
export { ListProjectAccounts } from './projects/list-project-accounts.js';
export { type AccountToActOn, ProjectHealth, type ProjectHealthRecord } from './projects/project-health.js';
export { type ProjectRecord, Projects } from './projects/projects.js';
export { cutPage, keysetPosition, keysetTime, readPosition } from './policies/keyset.js';
export { parseReturnUrl } from './policies/return-url.js';
export { rawText, text, workspaceName } from './policies/text.js';
export { AnswerChallenge } from './push/answer-challenge.js';
export { HandlePush, type IncomingPush, type PushOutcome } from './push/handle-push.js';
export { ReadDeletion } from './push/read-deletion.js';
export { DueGrants } from './refresh/due-grants.js';
export { exchangerAt, ExchangerCheck } from './exchanger-check.js';
export { EnsureWorkspace } from './workspaces/ensure-workspace.js';
export { TOKEN_EXCHANGE } from './injection.js';
export { PROFILE_FIELDS } from '#providers';
export { databaseTime, type KeyReport, MasterKeys, operatingFacts, type Rotation, type TokenExchange } from '#tokens';
