import { Secret } from '#observability';
import { newId, type Tenant, transaction, type Tx } from '#persistence';
import type { ExchangerContext } from '#exchanger/testing';
import type { ScriptedPlatform } from './scripted-platform.js';

/** Sizes of the small apps, which have too few accounts for a breaker. */
const SMALL_APPS = [1, 2, 3];
/** The greatest age of a token in seconds: just under four fifths of two hours. */
const MAX_AGE = 5_700;
const SHARES = [0.6, 0.25, 0.15];

function sizesOf(accounts: number): number[] {
  const left = Math.max(SHARES.length, accounts - SMALL_APPS.reduce((sum, size) => sum + size, 0));
  const [, ...rest] = SHARES.map((share) => Math.max(1, Math.floor(left * share)));
  return [left - rest.reduce((sum, size) => sum + size, 0), ...rest, ...SMALL_APPS];
}

/** Creates a tenant with accounts of several apps and tokens of different ages. Returns the persons in order. */
export async function populate(
  context: ExchangerContext,
  platform: ScriptedPlatform,
  accounts: number,
): Promise<string[]> {
  const tenant: Tenant = { workspaceId: newId(), environment: 'test' };
  const persons: string[] = [];
  await transaction(context.pool, async (tx) => {
    await insert(tx, 'workspaces', { id: tenant.workspaceId, name: tenant.workspaceId });
    const projectId = await insert(tx, 'projects', { ...owned(tenant), name: 'outages', is_default: true });
    for (const size of sizesOf(accounts)) {
      const appId = await makeApp(context, tx, tenant);
      for (let n = 0; n < size; n += 1)
        persons.push(await makeAccount(context, tx, { tenant, projectId, appId, platform }));
    }
  });
  return persons;
}

/** Like `populate`, but keeps only the accounts of the largest app, which has enough for a breaker. */
export async function populateOneApp(
  context: ExchangerContext,
  platform: ScriptedPlatform,
  accounts: number,
): Promise<void> {
  await populate(context, platform, accounts);
  const largest = '(select oauth_app_id from grants group by 1 order by count(*) desc limit 1)';
  await context.pool.query(`delete from accounts where oauth_app_id <> ${largest}`);
  await context.pool.query(`delete from grants where oauth_app_id <> ${largest}`);
}

async function makeApp(context: ExchangerContext, tx: Tx, tenant: Tenant): Promise<string> {
  const id = await insert(tx, 'oauth_apps', {
    ...owned(tenant),
    provider: 'x',
    name: 'an app',
    client_id: newId(),
    scopes: [],
  });
  await context.vault.sealClientSecret(tx, { ...tenant, id }, new Secret('secret'));
  return id;
}

interface AccountOwner {
  tenant: Tenant;
  projectId: string;
  appId: string;
  platform: ScriptedPlatform;
}

const GRANT = `
  insert into grants (id, workspace_id, environment, provider, oauth_app_id, platform_user_id, mode, issued_at, access_expires_at, refresh_due_at)
  values ($1, $2, $3, 'x', $4, $5, 'rotating_strict', db_now() - make_interval(secs => $6), db_now() + make_interval(secs => 7200 - $6),
    db_now() + make_interval(secs => 5760 - $6))`;

async function makeAccount(
  context: ExchangerContext,
  tx: Tx,
  { tenant, projectId, appId, platform }: AccountOwner,
): Promise<string> {
  const id = newId();
  const { access, refresh } = platform.issue(id);
  await tx.query(GRANT, [id, tenant.workspaceId, tenant.environment, appId, id, context.random() * MAX_AGE]);
  await context.vault.sealGrantTokens(tx, { ...tenant, id }, '1', {
    access: new Secret(access),
    refresh: new Secret(refresh),
    previous: null,
  });
  const account = { project_id: projectId, grant_id: id, oauth_app_id: appId, provider: 'x', platform_account_id: id };
  await insert(tx, 'accounts', { ...owned(tenant), ...account, id, connection_type: 'oauth', health: 'active' });
  return id;
}

const SPREAD = `
  with ages as (select id, age from unnest($1::uuid[], $2::float8[]) as drawn(id, age))
  update grants set issued_at = db_now() - make_interval(secs => age), access_expires_at = db_now() + make_interval(secs => 7200 - age),
    refresh_due_at = db_now() + make_interval(secs => 5760 - age)
  from ages where grants.id = ages.id`;

/** Distributes the ages of the tokens again: after an outage all were refreshed within minutes. */
export async function spread({ pool, random }: ExchangerContext): Promise<void> {
  const { rows } = await pool.query<{ id: string }>('select id from grants order by id');
  await pool.query(SPREAD, [rows.map(({ id }) => id), rows.map(() => random() * MAX_AGE)]);
}

const owned = ({ workspaceId, environment }: Tenant): object => ({ workspace_id: workspaceId, environment });

async function insert(tx: Tx, table: string, row: object): Promise<string> {
  const full: Record<string, unknown> = { id: newId(), ...row };
  const places = Object.keys(full).map((_, index) => `$${index + 1}`);
  await tx.query(
    `insert into ${table} (${Object.keys(full).join(', ')}) values (${places.join(', ')})`,
    Object.values(full),
  );
  return String(full['id']);
}
