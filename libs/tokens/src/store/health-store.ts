import { type Health, recordEvent, storeHealth, type Tenant, type Tx } from '#persistence/sql';
import { type AccountFacts, deriveHealth, type HealthState } from '../protocol/health.js';
import { readAppOf, failureOf } from './apps.js';
import { readGrant } from './grants/grants.js';

interface AccountRow extends AccountFacts {
  id: string;
  reason: string | null;
}

const CONNECTED_ACCOUNTS = `
  select id, health, health_reason as reason, missing_scopes as "missingScopes", own_token as "ownToken",
    probe_class as "probeClass", probe_reason as "probeReason" from accounts
  where grant_id = $1 and health <> 'disconnected' order by id for update`;

/**
 * Derives the health of a grant's accounts anew, in the transaction that changed a fact; what changed becomes an event.
 * `happened` is recorded for every account after that.
 */
export async function applyHealth(tx: Tx, grantId: string, happened?: 'account.refreshed'): Promise<void> {
  const [read, app, { rows }] = await Promise.all([
    readGrant(tx, grantId),
    readAppOf(tx, grantId),
    tx.query<AccountRow & Record<string, unknown>>(CONNECTED_ACCOUNTS, [grantId]),
  ]);
  if (!read) return;
  const { grant, now } = read;
  const writes: Promise<void>[] = [];
  for (const account of rows) {
    const state = deriveHealth({ grant, account, app: failureOf(app), now });
    if (state.health !== account.health || state.reason !== account.reason)
      writes.push(change(tx, grant, account, state));
    if (happened) writes.push(recordEvent(tx, { ...grant, accountId: account.id, type: happened }));
  }
  await Promise.all(writes);
}

async function change(tx: Tx, grant: Tenant, account: AccountRow, state: HealthState): Promise<void> {
  await Promise.all([
    storeHealth(tx, account.id, state.health, state.reason),
    announce(tx, { ...grant, accountId: account.id }, account.health, state),
  ]);
}

/** Records the change and, for a revocation, its own event, too. */
async function announce(
  tx: Tx,
  { workspaceId, environment, accountId }: Tenant & { accountId: string },
  previous: Health,
  { health, reason }: HealthState,
): Promise<void> {
  const event = { workspaceId, environment, accountId };
  await Promise.all([
    recordEvent(tx, { ...event, type: 'account.health_changed', data: { health, reason, previous } }),
    health === 'needs_reauth' &&
      previous !== 'needs_reauth' &&
      recordEvent(tx, { ...event, type: 'connection.revoked', data: { reason } }),
  ]);
}
