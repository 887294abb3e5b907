import { Secret } from '#observability';
import { newId, type Tenant, transaction, type Tx } from '#persistence';
import type { Room } from '#tokens';
import type { ScriptedPlatform } from './scripted-platform.js';

/** Large apps and small ones: a breaker guards the large, the small have nothing but the rule. */
const SHARES = [0.5, 0.2, 0.1, 0.08, 0.06, 0.04];
const SMALLEST = 2;

export function sizesOf(accounts: number): number[] {
  const sizes = SHARES.map((share) => Math.max(SMALLEST, Math.floor(accounts * share)));
  const left = accounts - sizes.reduce((sum, size) => sum + size, 0);
  return [Math.max(SMALLEST, (sizes[0] ?? 0) + left), ...sizes.slice(1)];
}

/** A tenant whose accounts hang on several apps, their tokens of every age. The persons, in order. */
export async function populate(room: Room, platform: ScriptedPlatform, accounts: number): Promise<string[]> {
  const tenant: Tenant = { workspaceId: newId(), environment: 'test' };
  const persons: string[] = [];
  await transaction(room.pool, async (tx) => {
    await insert(tx, 'workspaces', { id: tenant.workspaceId, name: tenant.workspaceId });
    const projectId = await insert(tx, 'projects', { ...owned(tenant), name: 'outages', is_default: true });
    for (const size of sizesOf(accounts)) {
      const appId = await makeApp(room, tx, tenant);
      for (let n = 0; n < size; n += 1) persons.push(await makeAccount(room, tx, { tenant, projectId, appId, platform }));
    }
  });
  return persons;
}

async function makeApp(room: Room, tx: Tx, tenant: Tenant): Promise<string> {
  const id = await insert(tx, 'oauth_apps', { ...owned(tenant), provider: 'x', name: 'an app', client_id: newId(), scopes: [] });
  await room.vault.sealClientSecret(tx, { ...tenant, id }, new Secret('secret'));
  return id;
}

interface Home {
  tenant: Tenant;
  projectId: string;
  appId: string;
  platform: ScriptedPlatform;
}

const GRANT = `
  insert into grants (id, workspace_id, environment, provider, oauth_app_id, platform_user_id, mode, issued_at, access_expires_at, refresh_due_at)
  values ($1, $2, $3, 'x', $4, $5, 'rotating_strict', db_now() - make_interval(secs => $6), db_now() + make_interval(secs => 7200 - $6),
    db_now() + make_interval(secs => 5760 - $6))`;

async function makeAccount(room: Room, tx: Tx, { tenant, projectId, appId, platform }: Home): Promise<string> {
  const id = newId();
  const { access, refresh } = platform.issue(id);
  await tx.query(GRANT, [id, tenant.workspaceId, tenant.environment, appId, id, room.random() * 5_700]);
  await room.vault.sealGrantTokens(tx, { ...tenant, id }, '1', { access: new Secret(access), refresh: new Secret(refresh), previous: null });
  const account = { project_id: projectId, grant_id: id, oauth_app_id: appId, provider: 'x', platform_account_id: id };
  await insert(tx, 'accounts', { ...owned(tenant), ...account, id, connection_type: 'oauth', health: 'active' });
  return id;
}

const owned = ({ workspaceId, environment }: Tenant): object => ({ workspace_id: workspaceId, environment });

async function insert(tx: Tx, table: string, row: object): Promise<string> {
  const full: Record<string, unknown> = { id: newId(), ...row };
  const places = Object.keys(full).map((_, index) => `$${index + 1}`);
  await tx.query(`insert into ${table} (${Object.keys(full).join(', ')}) values (${places.join(', ')})`, Object.values(full));
  return String(full['id']);
}
