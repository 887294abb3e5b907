import { markAttemptCompleted, newId, recordEvent, storeConnectedAccount, type Tx } from '#persistence';
import { type Identity, providerOf } from '#providers';
import { adoptGrant, applyHealth, retireGrant, type ProfileList, type TokenContext, syncProfiles } from '#tokens';
import type { ChosenProfile } from './choose-profiles.js';
import type { OpenAttempt } from './identity-check.js';

export interface Connections {
  attempt: OpenAttempt;
  identity: Identity;
  /** All profiles of the consent, where it opens several. */
  list: ProfileList | undefined;
  chosen: ChosenProfile[];
}

export interface StoredConnections {
  accountIds: string[];
  /** Ids of stored revocations: of grants without any account now. */
  revocations: string[];
}

/** Stores grant and accounts of one person in one transaction. A connected profile keeps its account and its id. */
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
  return { accountIds, revocations: await retireLeft(context, tx, stored, grantId) };
}

interface StoredAccount {
  id: string;
  /** The grant that the account belonged to before. */
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

async function storeAccount(tx: Tx, { attempt, profile, grantId, scopes }: NewAccount): Promise<StoredAccount> {
  const { workspaceId, environment, projectId, provider } = attempt;
  const owner = [workspaceId, environment, projectId, provider, profile.platformAccountId];
  const before = await tx.query<{ id: string; grantId: string }>(FIND, owner);
  const { scopes: wanted, probe } = providerOf(provider);
  const missing = wanted.required.filter((scope) => !scopes.includes(scope));
  const metadata: Record<string, string> = attempt.userRef === null ? {} : { user_ref: attempt.userRef };
  const accountId = await storeConnectedAccount(tx, {
    ...attempt,
    ...profile,
    id: newId(),
    grantId,
    missingScopes: missing,
    metadata,
    nextProbeSeconds: probe.every / 1_000,
  });
  const [known] = before.rows;
  const type = known ? 'account.reconnected' : 'account.connected';
  await recordEvent(tx, { ...attempt, accountId, type, data: { ...metadata, missing_scopes: missing } });
  return { id: accountId, leftGrantId: known?.grantId };
}

async function retireLeft(context: TokenContext, tx: Tx, stored: StoredAccount[], grantId: string): Promise<string[]> {
  const left = new Set(stored.flatMap(({ leftGrantId }) => leftGrantId ?? []).filter((id) => id !== grantId));
  const revocations: string[] = [];
  for (const id of left) revocations.push(...[await retireGrant(context, tx, id)].filter((one) => one !== undefined));
  return revocations;
}
