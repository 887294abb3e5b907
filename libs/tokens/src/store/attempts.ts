import type { Tenant, Tx } from '#persistence/sql';

/** An attempt as the exchange of its code sees it. */
export interface AttemptAhead extends Tenant {
  id: string;
  provider: string;
  oauthAppId: string;
  redirectUri: string;
  status: 'pending' | 'exchanged' | 'selection_required' | 'completed' | 'failed';
}

const READ = `
  select id, workspace_id as "workspaceId", environment, provider, oauth_app_id as "oauthAppId", redirect_uri as "redirectUri", status
  from connect_attempts where id = $1 and spent_at is not null`;

export async function readAttempt(tx: Tx, attemptId: string): Promise<AttemptAhead | undefined> {
  const { rows } = await tx.query<AttemptAhead & Record<string, unknown>>(READ, [attemptId]);
  return rows[0];
}

/**
 * An attempt whose tokens came. One that was given up only because they did not come in time takes them all the same: at a
 * platform with one pair per person the former pair is dead by now.
 */
const TAKE = `
  update connect_attempts set status = 'exchanged', exchanged_at = db_now(), error = null, finished_at = null
  where id = $1 and (status = 'pending' or (status = 'failed' and error in ('exchange_failed', 'provider_unavailable')))`;

export async function takeExchange(tx: Tx, attemptId: string): Promise<boolean> {
  const { rowCount } = await tx.query(TAKE, [attemptId]);
  return rowCount !== 0;
}
