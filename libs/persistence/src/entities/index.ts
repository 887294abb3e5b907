export {
  Account,
  CONNECTION_TYPES,
  type ConnectionType,
  type Health,
  HEALTHS,
  type ProbeClass,
  type ProbeResult,
} from './account.entity.js';
export { AccountEvent } from './account-event.entity.js';
export { ApiKey, type RateLimits } from './api-key.entity.js';
export {
  type AttemptStatus,
  type Candidate,
  type Completion,
  ConnectAttempt,
  type Surface,
} from './connect-attempt.entity.js';
export { DataDeletion } from './data-deletion.entity.js';
export { Grant, type RefreshMode, type RefreshState } from './grant.entity.js';
export { IdempotencyKey } from './idempotency-key.entity.js';
export { Lease, LeaseRequest, PoolAccount } from './lease.entity.js';
export { OAuthApp } from './oauth-app.entity.js';
export { OutboxEvent } from './outbox.entity.js';
export { PendingRevocation } from './pending-revocation.entity.js';
export { Project } from './project.entity.js';
export { Webhook, WebhookDelivery, WebhookLane } from './webhook.entity.js';
export { Workspace } from './workspace.entity.js';
export { ReauthLink } from './reauth-link.entity.js';
