import type { AttemptStatus, Tenant, Tx } from '#persistence/sql';

/** An attempt as the exchange of its code sees it. */
export interface CodeAttempt extends Tenant {
  id: string;
  provider: string;
  oauthAppId: string;
  redirectUri: string;
  status: AttemptStatus;
}

const READ = `
  select id, workspace_id as "workspaceId", environment, provider, oauth_app_id as "oauthAppId", redirect_uri as "redirectUri", status
  from connect_attempts where id = $1 and spent_at is not null`;

export async function readAttempt(tx: Tx, attemptId: string): Promise<CodeAttempt | undefined> {
  const { rows } = await tx.query<CodeAttempt & Record<string, unknown>>(READ, [attemptId]);
  return rows[0];
}
