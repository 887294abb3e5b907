import type { AccountRecord } from '#accounts';
import { isoTime, publicId } from '../http/fields.js';
import type { AccountView } from './account.schema.js';

/** What of an account leaves the system. */
export const accountView = (account: AccountRecord): AccountView => ({
  id: publicId('acc', account.id),
  provider: account.provider,
  platform_account_id: account.platformAccountId,
  handle: account.handle,
  display_name: account.displayName,
  avatar_url: account.avatarUrl,
  health: account.health,
  health_reason: account.healthReason,
  connection_type: account.connectionType,
  project_id: publicId('prj', account.projectId),
  oauth_app_id: account.oauthAppId && publicId('oa', account.oauthAppId),
  scopes: account.scopes,
  token_expires_at: isoTime(account.tokenExpiresAt),
  refresh_expires_at: isoTime(account.refreshExpiresAt),
  reauth_due_at: isoTime(account.reauthDueAt),
  last_refreshed_at: isoTime(account.lastRefreshedAt),
  next_refresh_at: isoTime(account.nextRefreshAt),
  last_probed_at: isoTime(account.lastProbedAt),
  connected_at: isoTime(account.connectedAt),
  metadata: account.metadata,
});
