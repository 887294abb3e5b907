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
export * from './idempotency-keys.js';
export * from './oauth-apps.js';
export { newId, publicId } from './ids.js';
export type { Environment, Tenant } from './tenant.js';
export { snapshot, together, transaction, type Tx } from './tx.js';
export {
  type AccountEventInput,
  deleteOldAccountEvents,
  deleteOldOutboxEvents,
  EVENT_TYPES,
  type EventType,
  recordEvent,
  recordHistory,
  recordTenantEvent,
  redactAccountEvents,
  redactPersonEvents,
} from './events.js';
