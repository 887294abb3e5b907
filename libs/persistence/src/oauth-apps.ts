import type { OAuthApp } from './entities/index.js';
import type { Tenant } from './tenant.js';
import type { Tx } from './tx.js';

/**
 * The only module that writes `oauth_apps`.
 *
 * | status          | meaning                                                             | left by                          |
 * | --------------- | ------------------------------------------------------------------- | -------------------------------- |
 * | `active`        | the platform accepts requests of the app                            | a refusal that concerns the app  |
 * | `paused`        | the platform refuses them until `paused_until`                      | an accepted request              |
 * | `misconfigured` | its owner must act; one request is sent at each `paused_until`       | an accepted request              |
 *
 * | secret_turn_until | meaning                                                                | left by                       |
 * | ----------------- | ---------------------------------------------------------------------- | ----------------------------- |
 * | null              | refreshes use the secret                                               | a new secret                  |
 * | in the past       | no platform has accepted the secret yet; the next request gets a turn  | a request that gets the turn  |
 * | in the future     | one request uses the secret, and the refreshes of other grants wait    | its result, or the time       |
 *
 * An acceptance of the secret, or a refusal, makes it null. Any other result ends the turn.
 *
 * One app of each platform in a workspace and environment is the default, as long as there is any.
 */
export type OAuthAppStatus = OAuthApp['status'];

/** The kind of endpoint that has put an app into its status. */
export type StatusSource = NonNullable<OAuthApp['statusSource']>;

/** The apps of one platform, of which one is the default. */
export interface AppFamily extends Tenant {
  provider: string;
}

/** Serializes changes of the default of a family. Taken before any row of the family is locked. */
export async function lockDefaultApp(tx: Tx, { workspaceId, environment, provider }: AppFamily): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `${workspaceId}/${environment}/${provider}/default`,
  ]);
}

export async function createOAuthApp(
  tx: Tx,
  app: Omit<OAuthApp, 'status' | 'statusReason' | 'statusSource' | 'pausedUntil' | 'secretTurnUntil' | 'createdAt'>,
): Promise<void> {
  const { id, workspaceId, environment, provider, name, clientId, redirectUriStyle } = app;
  const identity = [id, workspaceId, environment, provider, name, clientId, redirectUriStyle];
  await tx.query(
    `insert into oauth_apps (id, workspace_id, environment, provider, name, client_id, redirect_uri_style, scopes,
       allowed_return_urls, completion, is_default) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [...identity, app.scopes, app.allowedReturnUrls, app.completion, app.isDefault],
  );
}

/** What the owner of an app may change. Undefined: unchanged. */
export interface OAuthAppChanges {
  name?: string | undefined;
  scopes?: readonly string[] | undefined;
  allowedReturnUrls?: readonly string[] | undefined;
  completion?: OAuthApp['completion'] | undefined;
  /** The default can be taken, not given up. */
  isDefault?: true | undefined;
}

/** The statement is made from this table, so that each change has a column. */
const CHANGED_COLUMNS = {
  name: 'name',
  scopes: 'scopes',
  allowedReturnUrls: 'allowed_return_urls',
  completion: 'completion',
  isDefault: 'is_default',
} as const satisfies Record<keyof OAuthAppChanges, string>;

const ASSIGNMENTS = Object.values(CHANGED_COLUMNS).map((column, at) => `${column} = coalesce($${at + 2}, ${column})`);

/** False: the app was deleted meanwhile. */
export async function changeOAuthApp(tx: Tx, id: string, changes: OAuthAppChanges): Promise<boolean> {
  const fields = Object.keys(CHANGED_COLUMNS) as (keyof OAuthAppChanges)[];
  const { rowCount } = await tx.query(`update oauth_apps set ${ASSIGNMENTS.join(', ')} where id = $1`, [
    id,
    ...fields.map((field) => changes[field] ?? null),
  ]);
  return rowCount === 1;
}

/** Clears the default, so that another app can become it. The caller holds `lockDefaultApp`. */
export async function clearDefaultApp(tx: Tx, { workspaceId, environment, provider }: AppFamily): Promise<void> {
  await tx.query(
    `update oauth_apps set is_default = false
     where workspace_id = $1 and environment = $2 and provider = $3 and is_default`,
    [workspaceId, environment, provider],
  );
}

/** Makes the oldest app the default where there is none. The caller holds `lockDefaultApp`. */
export async function restoreDefaultApp(tx: Tx, { workspaceId, environment, provider }: AppFamily): Promise<void> {
  await tx.query(
    `update oauth_apps set is_default = true where id = (
       select id from oauth_apps where workspace_id = $1 and environment = $2 and provider = $3
       order by created_at, id limit 1)
     and not exists (
       select from oauth_apps where workspace_id = $1 and environment = $2 and provider = $3 and is_default)`,
    [workspaceId, environment, provider],
  );
}

export interface OAuthAppStatusChange {
  status: OAuthAppStatus;
  reason: string | null;
  source: StatusSource;
  /** Null: no pause. */
  pauseSeconds: number | null;
}

/**
 * Stores a status and returns the one before; undefined: it stays. A success at one kind of endpoint does not end a status of
 * the other, and a refusal at the API does not replace one of the token endpoint.
 */
export async function storeAppStatus(
  tx: Tx,
  id: string,
  { status, reason, source, pauseSeconds }: OAuthAppStatusChange,
): Promise<OAuthAppStatus | undefined> {
  const { rows } = await tx.query<{ before: OAuthAppStatus }>(
    `with before as (select id, status, status_source from oauth_apps where id = $1 for no key update)
     update oauth_apps set status = $2, status_reason = $3, paused_until = db_now() + make_interval(secs => $4),
       status_source = case when $2 = 'active' then null else $5 end
     from before where oauth_apps.id = before.id and (before.status = 'active' or before.status_source is null
       or before.status_source = $5 or ($5 = 'token' and $2 <> 'active'))
     returning before.status as before`,
    [id, status, reason, pauseSeconds, source],
  );
  return rows[0]?.before;
}

/**
 * After a new secret: the turn to use it is free. A refusal of the former secret counts as one by the token endpoint from now
 * on, because that endpoint shows whether the new one is accepted.
 */
export async function expectSecretResult(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `update oauth_apps set secret_turn_until = db_now(),
       status_source = case when status = 'misconfigured' then 'token' else status_source end
     where id = $1`,
    [id],
  );
}

/** Seconds for which a request may use an unconfirmed secret before another one may. */
const SECRET_TURN_SECONDS = 60;

/** Takes the turn to use an unconfirmed secret. False: another request has it, or the secret is confirmed. */
export async function claimSecretTurn(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update oauth_apps set secret_turn_until = db_now() + make_interval(secs => ${SECRET_TURN_SECONDS})
     where id = $1 and secret_turn_until <= db_now()`,
    [id],
  );
  return rowCount !== 0;
}

/** Ends the turn of a request whose result proves nothing about the secret. */
export async function endSecretTurn(tx: Tx, id: string): Promise<void> {
  await tx.query('update oauth_apps set secret_turn_until = db_now() where id = $1 and secret_turn_until > db_now()', [
    id,
  ]);
}

/** No request has to use the secret first any more. False: none had to. */
export async function endSecretWait(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    'update oauth_apps set secret_turn_until = null where id = $1 and secret_turn_until is not null',
    [id],
  );
  return rowCount !== 0;
}

/** `misconfigured` → `active`. False: the app had another status. */
export async function clearMisconfiguration(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update oauth_apps set status = 'active', status_reason = null, status_source = null, paused_until = null
     where id = $1 and status = 'misconfigured'`,
    [id],
  );
  return rowCount === 1;
}

/** Takes the turn to check whether an app works again, and starts a new pause. False: a pause is under way. */
export async function claimRetryTurn(tx: Tx, id: string, pauseSeconds: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update oauth_apps set paused_until = db_now() + make_interval(secs => $2)
     where id = $1 and (paused_until is null or paused_until <= db_now())`,
    [id, pauseSeconds],
  );
  return rowCount !== 0;
}

export async function deleteOAuthApp(tx: Tx, id: string): Promise<void> {
  await tx.query('delete from oauth_apps where id = $1', [id]);
}
