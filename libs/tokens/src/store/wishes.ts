import type { Tx } from '#persistence';
import type { Wish } from '../gate/gate.js';
import type { GrantFacts } from '../protocol/grant.js';

/** A grant before its claim: what the gate decides by. `appId` is null where the app was deleted. */
export interface GrantAhead extends Omit<Wish, 'appId'> {
  appId: string | null;
  state: GrantFacts['refreshState'];
  due: boolean;
}

const READ = `
  select id as "grantId", oauth_app_id as "appId", workspace_id as "workspaceId", access_expires_at as "accessExpiresAt",
    refresh_state as state, coalesce(refresh_due_at <= db_now(), false) as due,
    case when refresh_state = 'unknown' then 'unknown' when $2 then 'forced' else 'due' end as urgency
  from grants where id = $1`;

export async function readAhead(tx: Tx, grantId: string, forced: boolean): Promise<GrantAhead | undefined> {
  const { rows } = await tx.query<GrantAhead & Record<string, unknown>>(READ, [grantId, forced]);
  return rows[0];
}
