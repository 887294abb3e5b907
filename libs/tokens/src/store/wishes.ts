import type { Tenant, Tx } from '#persistence';
import type { Wish } from '../gate/gate.js';
import type { GrantFacts } from '../protocol/grant.js';

/** A grant before its claim: what the gate decides by. `appId` is null where the app was deleted. */
export interface GrantAhead extends Tenant, Omit<Wish, 'appId' | 'inGrace'> {
  appId: string | null;
  state: GrantFacts['refreshState'];
  /** How long ago the token was first sent that nobody answered, in seconds; null: its outcome is known. */
  sentAgo: number | null;
  provider: string;
  mode: GrantFacts['mode'];
  due: boolean;
}

const READ = `
  select id as "grantId", oauth_app_id as "appId", workspace_id as "workspaceId", environment, access_expires_at as "accessExpiresAt",
    refresh_state as state, coalesce(refresh_due_at <= db_now(), false) as due,
    provider, mode,
    (select extract(epoch from db_now() - min(dispatched_at))::float8 from exchange_intents
     where grants.refresh_state = 'unknown' and grant_id = grants.id and exchange_intents.token_version = grants.token_version
       and state in ('dispatched', 'unknown')) as "sentAgo",
    case when refresh_state = 'unknown' then 'unknown' when $2 then 'forced' else 'due' end as urgency
  from grants where id = $1`;

export async function readAhead(tx: Tx, grantId: string, forced: boolean): Promise<GrantAhead | undefined> {
  const { rows } = await tx.query<GrantAhead & Record<string, unknown>>(READ, [grantId, forced]);
  return rows[0];
}

/** Those whose outcome nobody knows and who may be asked for again, the latest first: a grace period is short. Who is dead by his rule has time. */
const UNKNOWN = `
  select id from grants where refresh_state = 'unknown' and refresh_due_at <= db_now() and ended_reason is null
  order by unknown_since desc limit $1`;

export async function unknownGrants(tx: Tx, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(UNKNOWN, [limit]);
  return rows.map(({ id }) => id);
}
