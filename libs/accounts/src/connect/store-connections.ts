import { markAttemptCompleted, newId, recordEvent, type Tx } from '#persistence';
import { type Identity, providerOf } from '#providers';
import {
  adoptGrant,
  applyHealth,
  retireGrant,
  type ProfileList,
  type RevocableTokens,
  type TokenContext,
  syncProfiles,
} from '#tokens';
import type { ChosenProfile } from './choose-profiles.js';
import type { OpenAttempt } from './finish-attempt.js';

export interface Connections {
  attempt: OpenAttempt;
  identity: Identity;
  /** All that the consent opened, where it opens several. */
  list: ProfileList | undefined;
  chosen: ChosenProfile[];
}

export interface StoredConnections {
  accountIds: string[];
  /** Tokens of grants that nothing hangs on any more, to be revoked after the commit. */
  revocable: RevocableTokens[];
}

/** Stores grant and accounts of one person in one transaction. Who is connected already keeps the account and its id. */
export async function storeConnections(
  context: TokenContext,
  tx: Tx,
  connections: Connections,
): Promise<StoredConnections> {
  const { attempt, identity, list, chosen } = connections;
  const { grantId, scopes } = await adoptGrant(context, tx, attempt, identity);
  const stored: StoredAccount[] = [];
  for (const profile of chosen) stored.push(await storeAccount(tx, { attempt, profile, grantId, scopes }));
  if (list) await syncProfiles(context, tx, grantId, list);
  await applyHealth(tx, grantId);
  const accountIds = stored.map(({ id }) => id);
  await markAttemptCompleted(tx, attempt.id, { accountIds, platformUserId: identity.platformUserId });
  return { accountIds, revocable: await retireLeft(context, tx, stored, grantId) };
}

interface StoredAccount {
  id: string;
  /** The grant it hung on before. */
  leftGrantId: string | undefined;
}

interface NewAccount {
  attempt: OpenAttempt;
  profile: ChosenProfile;
  grantId: string;
  scopes: string[];
}

const FIND = `
  select id, grant_id as "grantId" from accounts
  where workspace_id = $1 and environment = $2 and project_id = $3 and provider = $4 and platform_account_id = $5
    and health <> 'disconnected' for update`;

const UPSERT = `
  insert into accounts (id, workspace_id, environment, project_id, provider, platform_account_id, grant_id, oauth_app_id,
    connection_type, handle, display_name, avatar_url, missing_scopes, health, metadata, last_probed_at, probe_result, probe_due_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, 'oauth', $9, $10, $11, $12, 'active', $13, db_now(), 'ok', db_now() + make_interval(secs => $14))
  on conflict (workspace_id, environment, project_id, provider, platform_account_id) where health <> 'disconnected'
  do update set grant_id = excluded.grant_id, oauth_app_id = excluded.oauth_app_id, connection_type = 'oauth',
    handle = excluded.handle, display_name = excluded.display_name, avatar_url = excluded.avatar_url,
    missing_scopes = excluded.missing_scopes, metadata = accounts.metadata || excluded.metadata,
    last_probed_at = db_now(), probe_result = 'ok', probe_due_at = excluded.probe_due_at, probe_class = null, probe_reason = null, probe_struck_at = null
  returning id`;

async function storeAccount(tx: Tx, { attempt, profile, grantId, scopes }: NewAccount): Promise<StoredAccount> {
  const { workspaceId, environment, projectId, provider } = attempt;
  const owner = [workspaceId, environment, projectId, provider, profile.platformAccountId];
  const before = await tx.query<{ id: string; grantId: string }>(FIND, owner);
  const { scopes: wanted, probe } = providerOf(provider);
  const missing = wanted.required.filter((scope) => !scopes.includes(scope));
  const { handle, displayName, avatarUrl } = profile;
  const told = attempt.userRef === null ? {} : { user_ref: attempt.userRef };
  const { rows } = await tx.query<{ id: string }>(UPSERT, [
    ...[newId(), ...owner, grantId, attempt.oauthAppId, handle, displayName, avatarUrl],
    ...[missing, JSON.stringify(told), probe.every / 1_000],
  ]);
  if (!rows[0]) throw new Error('an account was not stored');
  const [known] = before.rows;
  const type = known ? 'account.reconnected' : 'account.connected';
  await recordEvent(tx, { ...attempt, accountId: rows[0].id, type, data: { ...told, missing_scopes: missing } });
  return { id: rows[0].id, leftGrantId: known?.grantId };
}

async function retireLeft(
  context: TokenContext,
  tx: Tx,
  stored: StoredAccount[],
  grantId: string,
): Promise<RevocableTokens[]> {
  const left = new Set(stored.flatMap(({ leftGrantId }) => leftGrantId ?? []).filter((id) => id !== grantId));
  const revocable: RevocableTokens[] = [];
  for (const id of left)
    revocable.push(...[await retireGrant(context, tx, id)].filter((tokens) => tokens !== undefined));
  return revocable;
}
