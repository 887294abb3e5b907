import { newId, recordEvent, type Tx } from '#persistence';
import { type Identity, providerOf } from '#providers';
import { adoptGrant, applyHealth, type ExchangedAttempt, retireGrant, type RevocableTokens, type Room } from '#tokens';
import type { AttemptRow } from './attempt-row.js';

export interface StoredConnection {
  accountIds: string[];
  /** Tokens of a grant that nothing hangs on any more, to be revoked after the commit. */
  revocable: RevocableTokens | undefined;
}

interface AccountRow {
  id: string;
  grantId: string;
}

const FIND = `
  select id, grant_id as "grantId" from accounts
  where workspace_id = $1 and environment = $2 and project_id = $3 and provider = $4 and platform_account_id = $5
    and health <> 'disconnected' for update`;

const UPSERT = `
  insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, oauth_app_id,
    connection_type, handle, display_name, avatar_url, missing_scopes, health, metadata, last_probed_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, 'oauth', $9, $10, $11, $12, 'active', $13, db_now())
  on conflict (workspace_id, environment, project_id, provider, platform_account_id) where health <> 'disconnected'
  do update set grant_id = excluded.grant_id, oauth_app_id = excluded.oauth_app_id, connection_type = 'oauth',
    handle = excluded.handle, display_name = excluded.display_name, avatar_url = excluded.avatar_url,
    missing_scopes = excluded.missing_scopes, metadata = accounts.metadata || excluded.metadata, last_probed_at = db_now()
  returning id`;

/** Stores grant and account of one person in one transaction. Who is connected already keeps the account and its id. */
export async function storeConnection(
  room: Room,
  tx: Tx,
  attempt: AttemptRow & ExchangedAttempt,
  identity: Identity,
): Promise<StoredConnection> {
  const { grantId, scopes } = await adoptGrant(room, tx, attempt, identity);
  const before = await findAccount(tx, attempt, identity);
  const accountId = await upsertAccount(tx, { attempt, identity, grantId, scopes });
  await recordEvent(tx, { ...attempt, accountId, type: before ? 'account.reconnected' : 'account.connected', data: told(attempt) });
  await applyHealth(tx, grantId);
  await tx.query(
    `update connect_attempts set status = 'completed', account_ids = $2, finished_at = db_now() where id = $1`,
    [attempt.id, [accountId]],
  );
  const left = before && before.grantId !== grantId ? before.grantId : undefined;
  return { accountIds: [accountId], revocable: left === undefined ? undefined : await retireGrant(room, tx, left) };
}

async function findAccount(tx: Tx, attempt: AttemptRow, identity: Identity): Promise<AccountRow | undefined> {
  const { workspaceId, environment, projectId, provider } = attempt;
  const { rows } = await tx.query<AccountRow & Record<string, unknown>>(FIND, [
    workspaceId,
    environment,
    projectId,
    provider,
    identity.platformAccountId,
  ]);
  return rows[0];
}

interface Connection {
  attempt: AttemptRow;
  identity: Identity;
  grantId: string;
  scopes: string[];
}

async function upsertAccount(tx: Tx, { attempt, identity, grantId, scopes }: Connection): Promise<string> {
  const missing = providerOf(attempt.provider).scopes.required.filter((scope) => !scopes.includes(scope));
  const { rows } = await tx.query<{ id: string }>(UPSERT, [
    newId(),
    attempt.workspaceId,
    attempt.environment,
    attempt.projectId,
    attempt.provider,
    identity.platformAccountId,
    grantId,
    attempt.oauthAppId,
    identity.handle,
    identity.displayName,
    identity.avatarUrl,
    missing,
    JSON.stringify(told(attempt)),
  ]);
  if (!rows[0]) throw new Error('an account was not stored');
  return rows[0].id;
}

/** What the caller said of its own user comes back in metadata and events. */
const told = ({ userRef }: AttemptRow): Record<string, string> => (userRef === null ? {} : { user_ref: userRef });
