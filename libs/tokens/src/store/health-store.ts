import { type Health, recordEvent, storeHealth, type Tenant, type Tx } from '#persistence/sql';
import { type AccountFacts, deriveHealth, type HealthState } from '../protocol/health.js';
import { readAppOf, troubleOf } from './apps.js';
import { readGrant } from './grants/grants.js';

interface AccountRow extends AccountFacts {
  id: string;
  reason: string | null;
}

const LIVING = `
  select id, health, health_reason as reason, missing_scopes as "missingScopes", own_token as "ownToken",
    probe_class as "probeClass", probe_reason as "probeReason" from accounts
  where grant_id = $1 and health <> 'disconnected' order by id for update`;

/**
 * Derives the health of a grant's accounts anew, in the transaction that changed a fact; what changed becomes an event.
 * `happened` is told of every account after that.
 */
export async function applyHealth(tx: Tx, grantId: string, happened?: 'account.refreshed'): Promise<void> {
  const [read, app, { rows }] = await Promise.all([
    readGrant(tx, grantId),
    readAppOf(tx, grantId),
    tx.query<AccountRow & Record<string, unknown>>(LIVING, [grantId]),
  ]);
  if (!read) return;
  const { grant, now } = read;
  const told: Promise<void>[] = [];
  for (const account of rows) {
    const state = deriveHealth({ grant, account, app: troubleOf(app), now });
    if (state.health !== account.health || state.reason !== account.reason)
      told.push(change(tx, grant, account, state));
    if (happened) told.push(recordEvent(tx, { ...grant, accountId: account.id, type: happened }));
  }
  await Promise.all(told);
}

async function change(tx: Tx, grant: Tenant, account: AccountRow, state: HealthState): Promise<void> {
  await Promise.all([
    storeHealth(tx, account.id, state.health, state.reason),
    announce(tx, { ...grant, accountId: account.id }, account.health, state),
  ]);
}

/** Who is told: everybody of the change, and of a revocation by its own name too. */
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
