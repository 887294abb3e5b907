import type { Tenant } from '../tenant.js';
import type { Tx } from '../tx.js';

/** The account of a workspace for the length of one lease. */
export interface LeasedAccount extends Tenant {
  id: string;
  projectId: string;
  /** The account in the reserved workspace. */
  poolAccountId: string;
  nextProbeSeconds: number;
}

/** Neither the app nor the metadata of the reserved workspace is shown to the workspace that leases. */
const INSERT = `
  insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, connection_type,
    handle, display_name, avatar_url, missing_scopes, health, own_token, profile_unconfirmed, probe_due_at)
  select $1, $2, $3, $4, provider, platform_account_id, grant_id, 'leased', handle, display_name, avatar_url, missing_scopes,
    'active', own_token, profile_unconfirmed, db_now() + make_interval(secs => $6)
  from accounts where id = $5 and environment = $3
  on conflict (workspace_id, environment, project_id, provider, platform_account_id) where health <> 'disconnected'
  do nothing returning id`;

/** Stores a leased account on the grant of the pool. False: the same profile is connected in that project already. */
export async function storeLeasedAccount(tx: Tx, account: LeasedAccount): Promise<boolean> {
  const { id, workspaceId, environment, projectId, poolAccountId, nextProbeSeconds } = account;
  const values = [id, workspaceId, environment, projectId, poolAccountId, nextProbeSeconds];
  return (await tx.query(INSERT, values)).rowCount === 1;
}

/** A name that the workspace has given to its account stays. */
const RENEW = `
  update accounts leased set grant_id = pool.grant_id, own_token = pool.own_token, missing_scopes = pool.missing_scopes,
    handle = coalesce(leased.handle, pool.handle), display_name = coalesce(pool.display_name, leased.display_name),
    avatar_url = coalesce(pool.avatar_url, leased.avatar_url), profile_unconfirmed = pool.profile_unconfirmed,
    last_probed_at = pool.last_probed_at, probe_result = pool.probe_result, probe_class = pool.probe_class,
    probe_reason = pool.probe_reason, probe_struck_at = pool.probe_struck_at, probe_refused_at = pool.probe_refused_at,
    probe_due_at = pool.probe_due_at
  from accounts pool where leased.id = $1 and pool.id = $2 and leased.health <> 'disconnected'`;

/**
 * An account of the pool has got new tokens, maybe with another grant: its lease has them too, and what was found about the former
 * tokens is reset as in the pool.
 */
export async function renewLeasedAccount(tx: Tx, id: string, poolAccountId: string): Promise<void> {
  await tx.query(RENEW, [id, poolAccountId]);
}
