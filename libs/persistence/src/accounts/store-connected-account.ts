import type { Tenant } from '../tenant.js';
import type { Tx } from '../tx.js';

/** A profile that becomes an account, or renews the account that it is already. */
export interface ConnectedProfile extends Tenant {
  /** Of a new account. */
  id: string;
  projectId: string;
  provider: string;
  platformAccountId: string;
  grantId: string;
  oauthAppId: string;
  handle: string | null;
  displayName: string | null;
  avatarUrl: string | null;
  missingScopes: readonly string[];
  /** Merged into the stored metadata. */
  metadata: Readonly<Record<string, string>>;
  nextProbeSeconds: number;
}

/** What a stored consent did to the account of a profile. */
export interface ConnectedAccount {
  id: string;
  /** The grant that the account had before, which may be the same; undefined: the account is new. */
  previousGrantId: string | undefined;
}

/** Waits for a transaction that inserts the same profile; then inserts nothing. */
const INSERT = `
  insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, oauth_app_id,
    connection_type, handle, display_name, avatar_url, missing_scopes, health, metadata, last_probed_at, probe_result, probe_due_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, 'oauth', $9, $10, $11, $12, 'active', $13, db_now(), 'ok', db_now() + make_interval(secs => $14))
  on conflict (workspace_id, environment, project_id, provider, platform_account_id) where health <> 'disconnected'
  do nothing returning id`;

const LOCK = `
  select id, grant_id as "previousGrantId" from accounts
  where workspace_id = $1 and environment = $2 and project_id = $3 and provider = $4 and platform_account_id = $5
    and health <> 'disconnected' for update`;

const RENEW = `
  update accounts set grant_id = $2, oauth_app_id = $3, connection_type = 'oauth', handle = $4, display_name = $5,
    avatar_url = $6, missing_scopes = $7, metadata = metadata || $8, last_probed_at = db_now(), probe_result = 'ok',
    probe_due_at = db_now() + make_interval(secs => $9), probe_class = null, probe_reason = null, probe_struck_at = null
  where id = $1`;

/**
 * Stores the account of a profile. The row is locked before its grant is read: of two consents at two apps at the same time,
 * the second gets the grant of the first, though there was no row to lock when both began.
 */
export async function storeConnectedAccount(tx: Tx, profile: ConnectedProfile): Promise<ConnectedAccount> {
  const { id, workspaceId, environment, projectId, provider, platformAccountId, grantId, oauthAppId } = profile;
  const owner = [workspaceId, environment, projectId, provider, platformAccountId];
  const facts = [
    ...[grantId, oauthAppId, profile.handle, profile.displayName, profile.avatarUrl, profile.missingScopes],
    ...[JSON.stringify(profile.metadata), profile.nextProbeSeconds],
  ];
  // Another round only where the account was disconnected, or moved to another project, between the two statements.
  for (;;) {
    const known = (await tx.query<ConnectedAccount & Record<string, unknown>>(LOCK, owner)).rows[0];
    if (known) {
      await tx.query(RENEW, [known.id, ...facts]);
      return known;
    }
    const { rowCount } = await tx.query(INSERT, [id, ...owner, ...facts]);
    if (rowCount === 1) return { id, previousGrantId: undefined };
  }
}
