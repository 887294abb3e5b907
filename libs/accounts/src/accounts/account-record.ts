import type { ConnectionType, Health } from '#persistence';

/** An account as the API returns it. */
export interface AccountRecord {
  id: string;
  provider: string;
  platformAccountId: string;
  handle: string | null;
  displayName: string | null;
  avatarUrl: string | null;
  health: Health;
  healthReason: string | null;
  connectionType: ConnectionType;
  projectId: string;
  oauthAppId: string | null;
  scopes: string[];
  tokenExpiresAt: Date | null;
  refreshExpiresAt: Date | null;
  reauthDueAt: Date | null;
  lastRefreshedAt: Date | null;
  nextRefreshAt: Date | null;
  lastProbedAt: Date | null;
  connectedAt: Date;
  metadata: Record<string, string>;
  disconnectedAt: Date | null;
  disconnectedReason: string | null;
}

/** The select list of an AccountRecord: an account with facts of its grant. Neither table holds a secret. */
export const ACCOUNT_COLUMNS = `
  account.id, account.provider, account.platform_account_id as "platformAccountId", account.handle,
  account.display_name as "displayName", account.avatar_url as "avatarUrl", account.health,
  account.health_reason as "healthReason", account.connection_type as "connectionType",
  account.project_id as "projectId", account.oauth_app_id as "oauthAppId", coalesce(grants.scopes, '{}') as scopes,
  case when not account.own_token then grants.access_expires_at end as "tokenExpiresAt", grants.refresh_expires_at as "refreshExpiresAt",
  account.reauth_due_at as "reauthDueAt", grants.last_refreshed_at as "lastRefreshedAt",
  case when grants.mode <> 'none' and grants.oauth_app_id is not null and account.health <> 'disconnected' then grants.refresh_due_at end as "nextRefreshAt",
  account.last_probed_at as "lastProbedAt", account.connected_at as "connectedAt", account.metadata,
  account.disconnected_at as "disconnectedAt", account.disconnected_reason as "disconnectedReason"`;

/** What happens to the grant of a leased account after its release is not shown to the workspace that released it. */
export const ACCOUNT_GRANT = `left join grants
    on grants.id = account.grant_id and (account.connection_type <> 'leased' or account.health <> 'disconnected')`;

export const ACCOUNT_TABLES = `accounts account ${ACCOUNT_GRANT}`;
