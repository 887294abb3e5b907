import type { ConnectionType } from '../entities/index.js';
import type { Tenant } from '../tenant.js';
import type { Tx } from '../tx.js';

/** A profile that becomes an account, or renews the account that it is already. */
export interface ConnectedProfile extends Tenant {
  /** Of a new account. */
  id: string;
  projectId: string;
  /** The account that is reauthorized: it may have moved to another project since the start. */
  reauthAccountId?: string | null;
  provider: string;
  platformAccountId: string;
  grantId: string;
  oauthAppId: string | null;
  connectionType: Exclude<ConnectionType, 'leased'>;
  handle: string | null;
  displayName: string | null;
  avatarUrl: string | null;
  missingScopes: readonly string[];
  /** Merged into the stored metadata. */
  metadata: Readonly<Record<string, string>>;
  nextProbeSeconds: number;
  /** Default: the platform has just accepted the tokens and named the profile. */
  acceptance?: Acceptance;
}

/** Whether the platform has confirmed the tokens that a client supplied. */
export interface Acceptance {
  /** False: no request was sent to the platform, or it has not answered. The stored handle, name and avatar stay then. */
  isAccepted: boolean;
  /** Why the platform has not answered; null: no request was sent, or it has accepted the tokens. */
  unverifiedReason: string | null;
}

/** What a stored consent did to the account of a profile. */
export interface ConnectedAccount {
  id: string;
  /** The grant that the account had before, which may be the same; undefined: the account is new. */
  previousGrantId: string | undefined;
  /** The profile is leased in this project: its account was not changed. */
  isLeased?: boolean;
}

/** Waits for a transaction that inserts the same profile; then inserts nothing. */
const INSERT = `
  insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, oauth_app_id,
    handle, display_name, avatar_url, missing_scopes, health, metadata, probe_due_at, connection_type,
    last_probed_at, probe_result, probe_class, probe_reason, profile_unconfirmed)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active', $13, db_now() + make_interval(secs => $14), $15,
    case when $16 then db_now() end, case when $16 then 'ok' end, case when $17::text is not null then 'unverified' end, $17,
    $17 is not null)
  on conflict (workspace_id, environment, project_id, provider, platform_account_id) where health <> 'disconnected'
  do nothing returning id`;

const LOCK = `
  select id, grant_id as "previousGrantId", connection_type = 'leased' as "isLeased" from accounts
  where workspace_id = $1 and environment = $2 and project_id = $3 and provider = $4 and platform_account_id = $5
    and health <> 'disconnected' for update`;

const LOCK_REAUTHORIZED = `
  select id, grant_id as "previousGrantId" from accounts
  where workspace_id = $1 and environment = $2 and id = $3 and provider = $4 and platform_account_id = $5
    and health <> 'disconnected' for update`;

const RENEW = `
  update accounts set grant_id = $2, oauth_app_id = $3, connection_type = $10,
    handle = coalesce($4, case when not $11 then handle end),
    display_name = coalesce($5, case when not $11 then display_name end),
    avatar_url = coalesce($6, case when not $11 then avatar_url end),
    missing_scopes = $7, metadata = metadata || $8, probe_due_at = db_now() + make_interval(secs => $9),
    last_probed_at = case when $11 then db_now() end, probe_result = case when $11 then 'ok' end,
    probe_class = case when $12::text is not null then 'unverified' end, probe_reason = $12, probe_struck_at = null, probe_refused_at = '{}',
    profile_unconfirmed = $12 is not null,
    own_token = own_token and $10 = 'oauth'
  where id = $1`;

/**
 * Stores the account of a profile. The row is locked before its grant is read: of two consents at two apps at the same time,
 * the second gets the grant of the first, though there was no row to lock when both began.
 */
export async function storeConnectedAccount(tx: Tx, profile: ConnectedProfile): Promise<ConnectedAccount> {
  const { id, workspaceId, environment, projectId, provider, platformAccountId, grantId, oauthAppId } = profile;
  const { isAccepted, unverifiedReason } = profile.acceptance ?? { isAccepted: true, unverifiedReason: null };
  const owner = [workspaceId, environment, projectId, provider, platformAccountId];
  const facts = [
    ...[grantId, oauthAppId, profile.handle, profile.displayName, profile.avatarUrl, profile.missingScopes],
    ...[JSON.stringify(profile.metadata), profile.nextProbeSeconds, profile.connectionType],
    ...[isAccepted, unverifiedReason],
  ];
  const { reauthAccountId } = profile;
  if (reauthAccountId != null) {
    const account = [workspaceId, environment, reauthAccountId, provider, platformAccountId];
    const known = (await tx.query<ConnectedAccount & Record<string, unknown>>(LOCK_REAUTHORIZED, account)).rows[0];
    if (known) return renew(tx, known, facts);
  }
  // Repeats only if the account was disconnected, or moved to another project, between the two statements.
  for (;;) {
    const known = (await tx.query<ConnectedAccount & Record<string, unknown>>(LOCK, owner)).rows[0];
    if (known) return known.isLeased ? known : renew(tx, known, facts);
    const { rowCount } = await tx.query(INSERT, [id, ...owner, ...facts]);
    if (rowCount === 1) return { id, previousGrantId: undefined };
  }
}

async function renew(tx: Tx, known: ConnectedAccount, facts: unknown[]): Promise<ConnectedAccount> {
  await tx.query(RENEW, [known.id, ...facts]);
  return known;
}
