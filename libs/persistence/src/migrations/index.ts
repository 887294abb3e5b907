import { AccountCounts } from './account-counts.js';
import { AccountListIndexes } from './account-list-indexes.js';
import { AccountSearch } from './account-search.js';
import { ApiKeyMakers } from './api-key-makers.js';
import { AppStatusSources } from './app-status-sources.js';
import { BrokenSeals } from './broken-seals.js';
import { ConsentOrder } from './consent-order.js';
import { ConfirmedCompletion } from './confirmed-completion.js';
import { AttemptChecks } from './attempt-checks.js';
import { AttemptPlatformCode } from './attempt-platform-code.js';
import { AttemptLooks } from './attempt-looks.js';
import { EventPositions } from './event-positions.js';
import { Foundation } from './foundation.js';
import { LeaseClosings } from './lease-closings.js';
import { JournalFolders } from './journal-folders.js';
import { LeasedAccounts } from './leased-accounts.js';
import { MasterKeyHolders } from './master-key-holders.js';
import { ReauthDue } from './reauth-due.js';
import { ManualGrants } from './manual-grants.js';
import { OneAppAClient } from './one-app-a-client.js';
import { OutboxByAge } from './outbox-by-age.js';
import { OutboxPersons } from './outbox-persons.js';
import { PendingRevocations } from './pending-revocations.js';
import { ProjectsSurface } from './projects-surface.js';
import { RefreshRejections } from './refresh-rejections.js';
import { RefusedTokens } from './refused-tokens.js';
import { UnconfirmedProfiles } from './unconfirmed-profiles.js';
import { WebhookTables } from './webhooks.js';
import { UnconfirmedSecrets } from './unconfirmed-secrets.js';

/** In the order in which they run. */
export const MIGRATIONS = [
  Foundation,
  ApiKeyMakers,
  OneAppAClient,
  AttemptLooks,
  RefreshRejections,
  PendingRevocations,
  AppStatusSources,
  ConfirmedCompletion,
  OutboxByAge,
  ReauthDue,
  ManualGrants,
  MasterKeyHolders,
  OutboxPersons,
  AttemptChecks,
  UnconfirmedProfiles,
  ProjectsSurface,
  UnconfirmedSecrets,
  RefusedTokens,
  BrokenSeals,
  AttemptPlatformCode,
  LeasedAccounts,
  ConsentOrder,
  LeaseClosings,
  EventPositions,
  AccountCounts,
  AccountListIndexes,
  AccountSearch,
  WebhookTables,
  JournalFolders,
];
