import { recordEvent, type Health, type Tx } from '#persistence';
import { type AccountFacts, deriveHealth } from '../protocol/health.js';
import { readApp, troubleOf } from './apps.js';
import { readGrant } from './grants.js';

interface AccountRow extends AccountFacts {
  id: string;
  reason: string | null;
}

const LIVING = `
  select id, health, health_reason as reason, missing_scopes as "missingScopes", own_token as "ownToken",
    probe_class as "probeClass", probe_reason as "probeReason" from accounts
  where grant_id = $1 and health <> 'disconnected' order by id for update`;

/** Derives the health of a grant's accounts anew, in the transaction that changed a fact; what changed becomes an event. */
export async function applyHealth(tx: Tx, grantId: string): Promise<void> {
  const read = await readGrant(tx, grantId);
  if (!read) return;
  const { grant, now } = read;
  const app = troubleOf(await readApp(tx, grant.oauthAppId));
  const { rows } = await tx.query<AccountRow & Record<string, unknown>>(LIVING, [grantId]);
  for (const account of rows) {
    const state = deriveHealth({ grant, account, app, now });
    if (state.health === account.health && state.reason === account.reason) continue;
    await tx.query('update accounts set health = $2, health_reason = $3 where id = $1', [account.id, state.health, state.reason]);
    await announce(tx, { ...grant, accountId: account.id }, account.health, state);
  }
}

/** Who is told: everybody of the change, and of a revocation by its own name too. */
async function announce(
  tx: Tx,
  { workspaceId, environment, accountId }: { workspaceId: string; environment: 'live' | 'test'; accountId: string },
  previous: Health,
  { health, reason }: { health: Health; reason: string | null },
): Promise<void> {
  const event = { workspaceId, environment, accountId };
  await recordEvent(tx, { ...event, type: 'account.health_changed', data: { health, reason, previous } });
  if (health === 'needs_reauth' && previous !== 'needs_reauth') {
    await recordEvent(tx, { ...event, type: 'connection.revoked', data: { reason } });
  }
}
