import {
  type ConnectedAccount,
  markAttemptCompleted,
  newId,
  recordEvent,
  storeConnectedAccount,
  type Tx,
} from '#persistence';
import { type Identity, providerOf } from '#providers';
import { adoptGrant, applyHealth, type ProfileList, type TokenContext, syncProfiles } from '#tokens';
import { accountLeased } from '../accounts.errors.js';
import { addConnected } from '../leases/store-pool-account.js';
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
  /** Grants that an account was moved from. They may have no account now. */
  leftGrantIds: string[];
}

/**
 * Stores grant and accounts of one person in one transaction. A connected profile keeps its account and its id. One that is leased
 * in the project stays as it is. Throws account.leased where no other one is left.
 */
export async function storeConnections(
  context: TokenContext,
  tx: Tx,
  connections: Connections,
): Promise<StoredConnections> {
  const { attempt, identity, list, chosen } = connections;
  const { grantId, scopes } = await adoptGrant(context, tx, attempt, identity);
  const stored: ConnectedAccount[] = [];
  for (const profile of inLockOrder(chosen)) {
    const account = await storeAccount(tx, { attempt, profile, grantId, scopes });
    if (!account.isLeased) stored.push(account);
  }
  if (stored.length === 0) throw accountLeased();
  if (list) await syncProfiles(context, tx, grantId, list);
  const accountIds = stored.map(({ id }) => id);
  await addConnected(context, tx, attempt, accountIds);
  await applyHealth(tx, grantId);
  await markAttemptCompleted(tx, attempt.id, { accountIds, platformUserId: identity.platformUserId });
  const previous = new Set(stored.flatMap(({ previousGrantId }) => previousGrantId ?? []));
  return { accountIds, leftGrantIds: [...previous].filter((id) => id !== grantId) };
}

/** Two consents to the same profiles lock their accounts in one order, whatever order the platform lists them in. */
const inLockOrder = (profiles: readonly ChosenProfile[]): ChosenProfile[] =>
  profiles.toSorted((a, b) => (a.platformAccountId < b.platformAccountId ? -1 : 1));

interface NewAccount {
  attempt: OpenAttempt;
  profile: ChosenProfile;
  grantId: string;
  scopes: string[];
}

async function storeAccount(tx: Tx, { attempt, profile, grantId, scopes }: NewAccount): Promise<ConnectedAccount> {
  const {
    scopes: { required },
    probe,
  } = providerOf(attempt.provider);
  const missing = required.filter((scope) => !scopes.includes(scope));
  const metadata: Record<string, string> = attempt.userRef === null ? {} : { user_ref: attempt.userRef };
  const account = await storeConnectedAccount(tx, {
    ...attempt,
    ...profile,
    id: newId(),
    grantId,
    connectionType: 'oauth',
    missingScopes: missing,
    metadata,
    nextProbeSeconds: probe.every / 1_000,
  });
  if (account.isLeased) return account;
  const type = account.previousGrantId === undefined ? 'account.connected' : 'account.reconnected';
  const note = attempt.usageNote === null ? {} : { usage_note: attempt.usageNote };
  const data = { ...metadata, ...note, missing_scopes: missing };
  await recordEvent(tx, { ...attempt, accountId: account.id, type, data });
  return account;
}
