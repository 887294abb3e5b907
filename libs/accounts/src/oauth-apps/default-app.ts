import type { Tenant, Tx } from '#persistence';

/** The apps of one platform, of which one is the default. */
export interface AppFamily extends Tenant {
  provider: string;
}

/** Two at once must not both find that theirs is the default. Taken before any row of the family is locked. */
export async function lockDefault(tx: Tx, { workspaceId, environment, provider }: AppFamily): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `${workspaceId}/${environment}/${provider}/default`,
  ]);
}

/** Takes the place from whoever has it. */
export async function vacateDefault(tx: Tx, { workspaceId, environment, provider }: AppFamily): Promise<void> {
  await tx.query(
    'update oauth_apps set is_default = false where workspace_id = $1 and environment = $2 and provider = $3 and is_default',
    [workspaceId, environment, provider],
  );
}

const INHERIT = `
  update oauth_apps set is_default = true where id = (
    select id from oauth_apps where workspace_id = $1 and environment = $2 and provider = $3 order by created_at, id limit 1)
  and not exists (select from oauth_apps where workspace_id = $1 and environment = $2 and provider = $3 and is_default)`;

/** Where the place is empty the oldest app takes it. */
export async function inheritDefault(tx: Tx, { workspaceId, environment, provider }: AppFamily): Promise<void> {
  await tx.query(INHERIT, [workspaceId, environment, provider]);
}
