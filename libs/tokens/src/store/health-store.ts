import { type DerivedState, type Health, recordEvent, storeHealth, type Tenant, type Tx } from '#persistence/sql';
import { type AccountFacts, type AppFailure, deriveHealth, type HealthState, reauthDueOf } from '../protocol/health.js';
import { readAppOf, failureOf } from './apps.js';
import { type GrantAt, readLockedGrant } from './grants/grants.js';

interface AccountRow extends AccountFacts, DerivedState, Tenant {
  id: string;
}

type Owner = Tenant & { accountId: string };

const CONNECTED_ACCOUNTS = `
  select id, workspace_id as "workspaceId", environment, health, health_reason as reason, reauth_due_at as "reauthDueAt", missing_scopes as "missingScopes", own_token as "ownToken",
    probe_class as "probeClass", probe_reason as "probeReason", exists (select from broken_seals where owner_id in
      (case when own_token then accounts.id else grant_id end, (select oauth_app_id from grants where grants.id = $1))
    ) as "isSealBroken" from accounts
  where grant_id = $1 and health <> 'disconnected' order by id for update`;

/**
 * Derives the health of a grant's accounts anew, and when each needs its person again, in the transaction that changed a
 * fact. A changed health becomes an event. The grant is locked before its accounts: a second change of an account in one
 * transaction, such as its event and its health, makes PostgreSQL check its foreign keys, which locks the grant and the app.
 * `happened` is recorded for every account after that.
 */
export async function applyHealth(tx: Tx, grantId: string, happened?: 'account.refreshed'): Promise<void> {
  const [read, app, { rows }] = await Promise.all([
    readLockedGrant(tx, grantId),
    readAppOf(tx, grantId),
    tx.query<AccountRow & Record<string, unknown>>(CONNECTED_ACCOUNTS, [grantId]),
  ]);
  if (!read) return;
  const writes: Promise<void>[] = [];
  for (const account of rows) {
    writes.push(storeDerived(tx, account, derive(read, account, failureOf(app))));
    if (happened) writes.push(recordEvent(tx, { ...ownerOf(account), type: happened }));
  }
  await Promise.all(writes);
}

function derive({ grant, now }: GrantAt, account: AccountFacts, app: AppFailure): DerivedState {
  return { ...deriveHealth({ grant, account, app, now }), reauthDueAt: reauthDueOf({ grant, account, now }) };
}

async function storeDerived(tx: Tx, account: AccountRow, state: DerivedState): Promise<void> {
  const isSameHealth = state.health === account.health && state.reason === account.reason;
  if (isSameHealth && state.reauthDueAt?.getTime() === account.reauthDueAt?.getTime()) return;
  const announced = isSameHealth ? undefined : announce(tx, ownerOf(account), account.health, state);
  await Promise.all([storeHealth(tx, account.id, state), announced]);
}

/** The events of a leased account belong to its own workspace; that of its grant is the reserved one. */
const ownerOf = ({ id, workspaceId, environment }: AccountRow): Owner => ({ accountId: id, workspaceId, environment });

/** Records the change and, for a revocation, its own event, too. */
async function announce(tx: Tx, event: Owner, previous: Health, { health, reason }: HealthState): Promise<void> {
  await Promise.all([
    recordEvent(tx, { ...event, type: 'account.health_changed', data: { health, reason, previous } }),
    health === 'needs_reauth' &&
      previous !== 'needs_reauth' &&
      recordEvent(tx, { ...event, type: 'connection.revoked', data: { reason } }),
  ]);
}
