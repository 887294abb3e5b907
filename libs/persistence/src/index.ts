export * from './accounts/accounts.js';
export * from './accounts/due-probes.js';
export * from './accounts/leased-accounts.js';
export * from './accounts/store-connected-account.js';
export * from './attempts/attempt-row.js';
export * from './attempts/attempts.js';
export * from './attempts/identity-checks.js';
export { Database, openDatabase } from './database.js';
export * from './entities/index.js';
export { violates } from './errors.js';
export { Gathered } from './gathered.js';
export * from './idempotency-keys.js';
export * from './oauth-apps.js';
export { newId, newPublicId, publicId } from './ids.js';
export type { Environment, Tenant } from './tenant.js';
export { snapshot, together, transaction, type Tx } from './tx.js';
export {
  type AccountEventInput,
  deleteOldAccountEvents,
  deleteOldOutboxEvents,
  EVENT_TYPES,
  type EventType,
  type HistoryInput,
  recordEvent,
  recordHistories,
  recordHistory,
  recordTenantEvent,
  redactAccountEvents,
  redactPersonEvents,
} from './events.js';
