/** @typedef {(pool: import('pg').Pool, query: URLSearchParams) => Promise<unknown>} Handler */

/** The columns of an account's answer, and the place in the order. */
export const COLUMNS = `account.id, account.provider, account.platform_account_id, account.handle, account.display_name,
  account.avatar_url, account.health, account.health_reason, account.connection_type, account.project_id, account.oauth_app_id,
  coalesce(grants.scopes, '{}') as scopes, case when not account.own_token then grants.access_expires_at end as token_expires_at,
  grants.refresh_expires_at, account.reauth_due_at, grants.last_refreshed_at,
  case when grants.mode <> 'none' and grants.oauth_app_id is not null and account.health <> 'disconnected'
    then grants.refresh_due_at end as next_refresh_at,
  account.last_probed_at, account.connected_at, account.metadata,
  to_char(account.connected_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;
export const TABLES = `accounts account left join grants
  on grants.id = account.grant_id and (account.connection_type <> 'leased' or account.health <> 'disconnected')`;

/** @param {string} after */
const pageOf = (after) => `
  select ${COLUMNS} from ${TABLES}
  where account.workspace_id = $1 and account.environment = 'test' and account.health <> 'disconnected' ${after}
  order by account.connected_at desc, account.id desc limit $2`;
const FIRST = pageOf('');
const NEXT = pageOf('and (account.connected_at, account.id) < ($3, $4)');
const LIMIT = 51;

/** @type {Handler} */
async function list(pool, query) {
  const [workspace, at, id] = ['workspace', 'at', 'id'].map((name) => query.get(name));
  const page = at === null ? { name: 'first', text: FIRST } : { name: 'next', text: NEXT };
  const values = [workspace, LIMIT, ...(at === null ? [] : [at, id])];
  const { rows } = await pool.query({ ...page, values });
  return { items: rows.slice(0, LIMIT - 1), next: rows[LIMIT - 2] };
}

/** @type {Record<string, Handler>} */
export const bareListHandlers = { 'GET /list': list };
