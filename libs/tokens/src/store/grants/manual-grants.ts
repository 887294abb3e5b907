import { newId, type RefreshMode, type Tenant, type Tx } from '#persistence/sql';
import { NOTHING_HELD } from './grants.js';

/** A grant of credentials that a client supplied. It belongs to one account. */
export interface ManualGrant extends Tenant {
  provider: string;
  /** Null: nothing can refresh the tokens. */
  oauthAppId: string | null;
  /** The person that the platform named; null: it has named none. */
  manualUserId: string | null;
  mode: RefreshMode;
  scopes: string[];
  accessExpiresAt: Date | null;
  refreshDueAt: Date | null;
  suppliedAt: Date;
  /** From when on its age counts. */
  issuedAt: Date;
  /** The grant that the account has: a manual one gets the new tokens. */
  currentGrantId: string | null;
}

const REPLACE = `
  update grants set token_version = token_version + 1, oauth_app_id = $2, manual_user_id = $3, mode = $4, scopes = $5,
    access_expires_at = $6, refresh_expires_at = null, refresh_due_at = $7, consented_at = $8, issued_at = $9,
    reauth_due_at = null, last_refreshed_at = null, ${NOTHING_HELD}
  where id = $1 and platform_user_id is null returning id, token_version as version`;

const INSERT = `
  insert into grants (id, oauth_app_id, manual_user_id, mode, scopes, access_expires_at, refresh_due_at, consented_at,
    issued_at, workspace_id, environment, provider)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id, token_version as version`;

/** Any state → `idle`, under a new version, in the manual grant of the account; otherwise another grant. */
export async function storeManualGrant(tx: Tx, grant: ManualGrant): Promise<{ id: string; version: string }> {
  const { workspaceId, environment, provider, oauthAppId, manualUserId, mode, scopes } = grant;
  const { accessExpiresAt, refreshDueAt, suppliedAt, issuedAt } = grant;
  const facts = [oauthAppId, manualUserId, mode, scopes, accessExpiresAt, refreshDueAt, suppliedAt, issuedAt];
  type Row = { id: string; version: string };
  const replaced = await tx.query<Row>(REPLACE, [grant.currentGrantId, ...facts]);
  if (replaced.rows[0]) return replaced.rows[0];
  const inserted = await tx.query<Row>(INSERT, [newId(), ...facts, workspaceId, environment, provider]);
  if (!inserted.rows[0]) throw new Error('a manual grant was not stored');
  return inserted.rows[0];
}

/** Stores the person of a manual grant, which the platform has named after its tokens were stored. */
export async function nameManualPerson(tx: Tx, grantId: string, userId: string): Promise<void> {
  const sql = 'update grants set manual_user_id = $2 where id = $1 and platform_user_id is null';
  await tx.query(sql, [grantId, userId]);
}
