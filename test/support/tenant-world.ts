import { randomInt } from 'node:crypto';
import type { DeclaredRoute } from '../../apps/api/src/http/auth/route-access.js';
import { API_SCOPES, type ApiScope } from '#accounts';
import { TypeID } from 'typeid-js';
import { newId, publicId } from '#persistence';
import { ConnectedApi, RETURN_URL, type Started } from './connected-api.js';

/** The rows of one tenant that a path, a query or a body can name, by their public ids. */
export interface TenantRows {
  account: string;
  app: string;
  key: string;
  project: string;
  /** The state of an attempt that a dashboard token started. */
  state: string;
  /** The confirmation code of a data deletion. */
  code: string;
  /** A request for leased accounts. */
  request: string;
  /** An account of the pool, which belongs to no tenant. */
  pooled: string;
  leased: string;
  /** The account of the pool behind `leased`. */
  leasedInPool: string;
  webhook: string;
  delivery: string;
}

/** The real row that a place in a path stands for. A new route with another place needs a line here. */
const PLACES: Record<string, (rows: TenantRows) => string> = {
  '/v1/accounts/:id': ({ account }) => account,
  '/v1/accounts/:id/proxy/*': () => '2/users/me',
  '/v1/projects/:projectId': ({ project }) => project,
  '/v1/projects/:projectId/leased-accounts/requests/:requestId': ({ request }) => request,
  '/v1/leased-accounts/:id': ({ leased }) => leased,
  '/v1/operator/pool/:id': ({ pooled }) => pooled,
  '/v1/operator/pool/:id/steps/:step': () => 'credentials',
  '/v1/operator/lease-requests/:id': ({ request }) => request,
  '/v1/social-accounts/:id': ({ account }) => account.replace(/^acc_/, 'sa_'),
  '/v1/social/oauth-status/:state': ({ state }) => state,
  '/v1/webhooks/:id': ({ webhook }) => webhook,
  '/v1/webhooks/:id/deliveries/:deliveryId': ({ delivery }) => delivery,
  '/v1/api-keys/:id': ({ key }) => key,
  '/v1/oauth-apps/:id': ({ app }) => app,
  '/v1/oauth/:provider': () => 'x',
  '/v1/oauth/:provider/callback/:oauthAppId': ({ app }) => app,
  '/v1/oauth/attempts/:state': ({ state }) => state,
  '/v1/callbacks/:family': () => 'x',
  '/v1/callbacks/:family/:oauthAppId': ({ app }) => app,
  '/v1/callbacks/:family/:oauthAppId/:topic': () => 'deauthorize',
  '/data-deletion/:code': ({ code }) => code,
  '/reauth/:token': () => 'no-token',
};

/** Routes whose one place stands for another row than elsewhere. */
const PLACES_OF_ROUTES: Record<string, (rows: TenantRows) => string> = {
  '/v1/operator/pool/:id/end-lease': ({ leasedInPool }) => leasedInPool,
};

/** The rows that a field of a query or a body can name. */
const FIELDS: Record<string, (rows: TenantRows) => string> = {
  account_id: ({ account }) => account,
  oauth_app_id: ({ app }) => app,
  project_id: ({ project }) => project,
  oauthAppId: ({ app }) => app,
  socialAccountId: ({ account }) => account.replace(/^acc_/, 'sa_'),
};

/** Fields whose name ends like that of an id, and which name no row of ours. */
const FOREIGN_FIELDS = ['client_id', 'platform_account_id', 'platformAccountId'];

const PLACE = /:\w+|\*\w*/;

/** Whether the route names a row of a tenant: any other place is a platform's name. */
export const namesRow = ({ path }: DeclaredRoute): boolean =>
  path.split('/').some((segment) => PLACE.test(segment) && segment !== ':provider' && segment !== ':family');

/** The path with the ids of these rows. Throws a sentence for a place that `PLACES` lacks. */
export function pathOf({ name, path }: DeclaredRoute, rows: TenantRows): string {
  const segments = path.split('/');
  return segments
    .map((segment, at) => {
      if (!PLACE.test(segment)) return segment;
      const place = segments.slice(0, at + 1).join('/');
      const row = PLACES_OF_ROUTES[path] ?? PLACES[place];
      if (!row)
        throw new Error(`${name} has no row for ${place}: add a line to PLACES in test/support/tenant-world.ts`);
      return row(rows);
    })
    .join('/');
}

/** The id of the row that a field names; undefined for a field that names none. Throws a sentence for an unknown field. */
export function rowOfField(route: DeclaredRoute, field: string, rows: TenantRows): string | undefined {
  if (!/(_id|Id)$/.test(field) || FOREIGN_FIELDS.includes(field)) return undefined;
  const row = FIELDS[field];
  if (row) return row(rows);
  throw new Error(
    `${route.name} has no row for the field ${field}: add a line to FIELDS in test/support/tenant-world.ts`,
  );
}

interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: {
    content: Record<string, { schema: { properties?: object }; examples?: { example?: { value: object } } }>;
  };
}

/** The fields and the example of a route's query and body, from the document of the running API. */
export class RouteInputs {
  private constructor(private readonly paths: Record<string, Record<string, Operation>>) {}

  static async read(service: ConnectedApi): Promise<RouteInputs> {
    return new RouteInputs((await service.get<{ paths: RouteInputs['paths'] }>('/v1/openapi.json')).body.paths);
  }

  queryFields(route: DeclaredRoute): string[] {
    return (this.#operation(route)?.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name);
  }

  bodyFields(route: DeclaredRoute): string[] {
    return Object.keys(this.#json(route)?.schema.properties ?? {});
  }

  /** Undefined for a route without a JSON body. */
  bodyExample(route: DeclaredRoute): object | undefined {
    return this.#json(route)?.examples?.example?.value;
  }

  #json(route: DeclaredRoute) {
    return this.#operation(route)?.requestBody?.content['application/json'];
  }

  #operation({ path, method }: DeclaredRoute): Operation | undefined {
    return this.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
  }
}

export interface Tenant {
  /** A dashboard token of the workspace; with `X-Environment: test` it made `rows`. */
  token: string;
  /** Keys of the workspace with every scope. */
  keys: { test: string; live: string };
  rows: TenantRows;
}

export const IN_TEST = { 'x-environment': 'test' };

/** Makes a workspace with one row of each kind in its environment `test`. */
export async function openTenant(service: ConnectedApi, name: string): Promise<Tenant> {
  const { api, pool } = service;
  const token = await api.token({ claims: { sub: name }, expires: '1h' });
  const keys = {
    test: await api.key({ workspace: name, scopes: [...API_SCOPES], returnHosts: ['app.example.com'] }),
    live: await api.key({ workspace: name, environment: 'live', scopes: [...API_SCOPES] }),
  };
  const body = async <Body>(path: string, init: RequestInit = {}): Promise<Body> => {
    const headers = { ...IN_TEST, ...(init.body !== undefined && { 'content-type': 'application/json' }) };
    return (await (await api.call(path, { ...init, as: token, headers })).json()) as Body;
  };
  const make = (path: string, fields: object) =>
    body<{ id: string }>(path, { method: 'POST', body: JSON.stringify(fields) });
  const app = await make('/v1/oauth-apps', {
    provider: 'x',
    name: 'an app',
    client_id: `client-of-${name}`,
    client_secret: 'the-client-secret',
    allowed_return_urls: [RETURN_URL],
  });
  const start = () => body<Started>('/v1/oauth/x/start');
  const { authorize_url, state } = await start();
  await service.consent(authorize_url);
  const attempt = await body<{ account_ids: [string] }>(`/v1/oauth/attempts/${state}`);
  const account = await body<{ id: string; project_id: string }>(`/v1/accounts/${attempt.account_ids[0]}`);
  const key = await make('/v1/api-keys', { name: 'a key', environment: 'test', scopes: ['accounts:read'] });
  const code = newId().replaceAll('-', '').slice(-20).toUpperCase();
  await pool.query(
    `insert into data_deletions (id, workspace_id, environment, oauth_app_id, request_hash, confirmation_code)
     select $1, workspace_id, environment, id, $2, $3 from oauth_apps where client_id = $4`,
    [newId(), Buffer.from(code), code, `client-of-${name}`],
  );
  const open = await start();
  const project = account.project_id;
  const leases = `/v1/projects/${project}/leased-accounts`;
  const { requestId: request } = await body<{ requestId: string }>(`${leases}/request`, {
    ...{ method: 'POST', body: JSON.stringify({ platform: 'x', count: 2 }) },
  });
  const inPool = await lease(service, request);
  const { leasedAccountIds } = await body<{ leasedAccountIds: [string] }>(`${leases}/requests/${request}`);
  const [leased] = leasedAccountIds;
  const webhook = await make('/v1/webhooks', { url: 'http://127.0.0.1:1/', events: ['*'] });
  const delivery = newId();
  await pool.query(
    `insert into webhook_deliveries (id, workspace_id, environment, webhook_id, event_id, event_type)
     select $1, workspace_id, environment, id, $1, 'account.connected' from webhooks where id = $2`,
    [delivery, TypeID.fromString(webhook.id).toUUID()],
  );
  const ids = {
    account: account.id,
    webhook: webhook.id,
    delivery: publicId('del', delivery),
    app: app.id,
    key: key.id,
    project,
    request,
    ...inPool,
    leased,
  };
  return { token, keys, rows: { ...ids, state: open.state, code } };
}

/** Adds two accounts to the pool by hand, and leases the first to the request. Returns their ids in the pool. */
async function lease(
  { api, pool }: ConnectedApi,
  requestId: string,
): Promise<Pick<TenantRows, 'leasedInPool' | 'pooled'>> {
  const operator = await operatorToken(api);
  const operate = async (path: string, fields: object): Promise<{ leasedAccountId: string }> => {
    const headers = { ...IN_TEST, 'content-type': 'application/json' };
    const init = { method: 'POST', as: operator, headers, body: JSON.stringify(fields) };
    return (await (await api.call(`/v1/operator/${path}`, init)).json()) as { leasedAccountId: string };
  };
  const add = () =>
    operate('pool', {
      ...{ platform: 'x', platformAccountId: String(randomInt(1, 2 ** 47)), verify: false },
      credentials: { accessToken: 'a-token' },
    });
  const { leasedAccountId } = await add();
  await pool.query("update pool_accounts set state = 'ready' where state = 'pending'");
  await operate(`lease-requests/${requestId}/assign`, { leasedAccountIds: [leasedAccountId] });
  return { leasedInPool: leasedAccountId, pooled: (await add()).leasedAccountId };
}

/** A dashboard token with the role operator. */
export const operatorToken = (api: ConnectedApi['api'], workspace = 'operators'): Promise<string> =>
  api.token({ claims: { sub: workspace, roles: ['operator'] }, expires: '1h' });

/** A key of a workspace with every scope but those that the route accepts. */
export const scopesWithout = (scopes: readonly ApiScope[]): ApiScope[] =>
  API_SCOPES.filter((scope) => !scopes.includes(scope));

/** Without the tables that a process changes regularly. */
const TABLES = `
  select format('%I.%I', schemaname, tablename) as name from pg_tables
   where schemaname = 'public' and tablename not in ('rate_limits', 'migrations', 'master_keys', 'master_key_holders') order by 1`;

/** Every row of every table, without the minute of a key's last use, and without what processes report by themselves. */
export async function everyRow({ pool }: Pick<ConnectedApi, 'pool'>): Promise<Set<string>> {
  const { rows: tables } = await pool.query<{ name: string }>(TABLES);
  const texts = tables.map(async ({ name }) => {
    const { rows } = await pool.query<{ row: string }>(
      `select $1 || ' ' || (to_jsonb(t) - 'last_used_at')::text as row from ${name} t`,
      [name],
    );
    return rows.map(({ row }) => row);
  });
  return new Set((await Promise.all(texts)).flat());
}
