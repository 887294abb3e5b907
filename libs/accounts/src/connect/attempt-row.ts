import type { AttemptStatus, Candidate, Tenant, Tx } from '#persistence';

/** An attempt as the flow sees it. */
export interface AttemptRow extends Tenant {
  id: string;
  projectId: string;
  provider: string;
  oauthAppId: string;
  redirectUri: string;
  returnUrl: string | null;
  userRef: string | null;
  scopes: string[];
  createdBy: string;
  reauthAccountId: string | null;
  selection: 'all' | 'manual';
  candidates: Candidate[] | null;
  platformUserId: string | null;
  status: AttemptStatus;
  error: string | null;
  accountIds: string[];
  expiresAt: Date;
  exchangedAt: Date | null;
  spent: boolean;
  expired: boolean;
}

export const ATTEMPT_COLUMNS = `
  id, workspace_id as "workspaceId", environment, project_id as "projectId", provider, oauth_app_id as "oauthAppId",
  redirect_uri as "redirectUri", return_url as "returnUrl", user_ref as "userRef", scopes, created_by as "createdBy",
  reauth_account_id as "reauthAccountId", selection, candidates, platform_user_id as "platformUserId", status, error,
  account_ids as "accountIds", expires_at as "expiresAt", exchanged_at as "exchangedAt",
  spent_at is not null as spent, expires_at <= db_now() as expired`;

export async function findAttempt(tx: Tx, stateHash: Buffer): Promise<AttemptRow | undefined> {
  const { rows } = await tx.query<AttemptRow & Record<string, unknown>>(
    `select ${ATTEMPT_COLUMNS} from connect_attempts where state_hash = $1`,
    [stateHash],
  );
  return rows[0];
}

/** Spends a state by one statement: of two callbacks one gets the attempt. The redirect URI must be the one it was made for. */
export async function spendAttempt(tx: Tx, stateHash: Buffer, redirectUri: string): Promise<AttemptRow | undefined> {
  const { rows } = await tx.query<AttemptRow & Record<string, unknown>>(
    `update connect_attempts set spent_at = db_now()
     where state_hash = $1 and redirect_uri = $2 and spent_at is null and expires_at > db_now() and status = 'pending'
     returning ${ATTEMPT_COLUMNS}`,
    [stateHash, redirectUri],
  );
  return rows[0];
}
