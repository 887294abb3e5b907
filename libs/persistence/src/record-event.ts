import { newId } from './ids.js';
import type { Tenant } from './tenant.js';
import type { Tx } from './tx.js';

export interface AccountEventInput extends Tenant {
  accountId: string;
  type: string;
  data?: Record<string, unknown>;
}

const RECORD = `
  with numbered as (
    update accounts set event_sequence = event_sequence + 1 where id = $4 returning event_sequence
  ), recorded as (
    insert into account_events (id, workspace_id, environment, account_id, sequence, type, data)
    select $1, $2, $3, $4, event_sequence, $5, $6 from numbered returning sequence
  )
  insert into outbox (id, workspace_id, environment, account_id, sequence, type, payload)
  select $1, $2, $3, $4, sequence, $5, $6 from recorded`;

/** Writes what happened into the account's history and the outbox, in the transaction of the change and nowhere else. */
export async function recordEvent(
  tx: Tx,
  { workspaceId, environment, accountId, type, data = {} }: AccountEventInput,
): Promise<void> {
  await tx.query(RECORD, [newId(), workspaceId, environment, accountId, type, JSON.stringify(data)]);
}

/** An event that is about no account (`oauth_app.status_changed`): into the outbox only. */
export async function recordTenantEvent(
  tx: Tx,
  tenant: Tenant,
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  await tx.query('insert into outbox (id, workspace_id, environment, type, payload) values ($1, $2, $3, $4, $5)', [
    newId(),
    tenant.workspaceId,
    tenant.environment,
    type,
    JSON.stringify(data),
  ]);
}
