import { digest, newApiKey, shownPrefix, type Keyring } from '#crypto';
import { Secret } from '#observability';
import { newId, publicId, type Tenant, transaction, type Tx } from '#persistence';
import { Vault } from '#tokens';
import type { Pool } from 'pg';
import type { SeededGrant } from '../authorization-servers/contract.js';

/** An account of the load, with the facts that the harness has. */
export interface LoadedAccount {
  accountId: string;
  grantId: string;
  person: string;
  tenant: Tenant;
}

/** What the load runs on. */
export interface Population {
  accounts: LoadedAccount[];
  appId: string;
  /** A key of the accounts' workspace whose rate limits admit all the calls of a run. */
  apiKey: Secret;
}

export interface SeedOptions {
  pool: Pool;
  keyring: Keyring;
  grants: readonly SeededGrant[];
  provider: string;
  mode: string;
  client: { id: string; secret: string };
}

export const FIRST_VERSION = 1;
const SCOPES = ['openid'];
const RATE_LIMITS = { read: 1_000_000, write: 1_000_000, heavy: 1_000_000 };

/** Stores what four hundred people would have made with four hundred browsers: sealed by the product's own vault. */
export async function seedAccounts(options: SeedOptions): Promise<Population> {
  const vault = new Vault(options.keyring);
  const tenant: Tenant = { workspaceId: newId(), environment: 'live' };
  const apiKey = newApiKey('dra', 'live');
  return transaction(options.pool, async (tx) => {
    await insert(tx, 'workspaces', { id: tenant.workspaceId, name: `faults-${tenant.workspaceId}` });
    await storeKey(tx, tenant, apiKey);
    const projectId = await insert(tx, 'projects', { ...owned(tenant), name: 'faults', is_default: true });
    const appId = await storeApp(tx, tenant, vault, options);
    const accounts: LoadedAccount[] = [];
    for (const grant of options.grants)
      accounts.push(await storeAccount(tx, vault, { ...options, tenant, projectId, appId }, grant));
    return { accounts, appId, apiKey };
  });
}

/** How an account is called in the API. */
export const publicAccountId = (id: string): string => publicId('acc', id);

interface Home extends SeedOptions {
  tenant: Tenant;
  projectId: string;
  appId: string;
}

async function storeAccount(tx: Tx, vault: Vault, home: Home, grant: SeededGrant): Promise<LoadedAccount> {
  const { tenant, provider, mode, projectId, appId } = home;
  const grantId = await insert(tx, 'grants', {
    ...owned(tenant),
    provider,
    oauth_app_id: appId,
    platform_user_id: grant.userId,
    mode,
    scopes: SCOPES,
    token_version: FIRST_VERSION,
    issued_at: new Date(),
    access_expires_at: new Date(Date.now() + grant.expiresIn * 1_000),
    refresh_due_at: new Date(Date.now() + grant.expiresIn * 800),
  });
  await vault.sealGrantTokens(tx, { ...tenant, id: grantId }, String(FIRST_VERSION), {
    access: new Secret(grant.accessToken),
    refresh: new Secret(grant.refreshToken),
    previous: null,
  });
  const accountId = await insert(tx, 'accounts', {
    ...owned(tenant),
    project_id: projectId,
    grant_id: grantId,
    oauth_app_id: appId,
    provider,
    platform_account_id: grant.userId,
    connection_type: 'oauth',
    health: 'active',
  });
  return { accountId, grantId, person: grant.userId, tenant };
}

async function storeApp(tx: Tx, tenant: Tenant, vault: Vault, { provider, client }: SeedOptions): Promise<string> {
  const id = await insert(tx, 'oauth_apps', {
    ...owned(tenant),
    provider,
    name: 'faults',
    client_id: client.id,
    scopes: SCOPES,
  });
  await vault.sealClientSecret(tx, { ...tenant, id }, new Secret(client.secret));
  return id;
}

const storeKey = (tx: Tx, tenant: Tenant, key: Secret): Promise<string> =>
  insert(tx, 'api_keys', {
    ...owned(tenant),
    name: 'faults',
    key_hash: digest(key.reveal()),
    key_prefix: shownPrefix(key),
    scopes: ['accounts:read', 'accounts:write'],
    rate_limits: RATE_LIMITS,
  });

const owned = ({ workspaceId, environment }: Tenant): object => ({ workspace_id: workspaceId, environment });

async function insert(tx: Tx, table: string, row: object): Promise<string> {
  const full: Record<string, unknown> = { id: newId(), ...row };
  const places = Object.keys(full).map((_, index) => `$${index + 1}`);
  await tx.query(
    `insert into ${table} (${Object.keys(full).join(', ')}) values (${places.join(', ')})`,
    Object.values(full),
  );
  return full['id'] as string;
}
