import { newId, type Tenant, type Tx } from '#persistence';

/** A workspace of its own, for tests that need an owner of rows. */
export async function makeTenant(tx: Tx): Promise<Tenant> {
  const workspaceId = newId();
  await tx.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, `ws-${workspaceId}`]);
  return { workspaceId, environment: 'test' };
}

export async function makeProject(tx: Tx, tenant: Tenant, isDefault = false): Promise<string> {
  return insert(tx, 'projects', { ...owned(tenant), name: 'a project', is_default: isDefault });
}

export async function makeApp(tx: Tx, tenant: Tenant): Promise<string> {
  return insert(tx, 'oauth_apps', {
    ...owned(tenant),
    provider: 'acme',
    name: 'an app',
    client_id: newId(),
    scopes: [],
  });
}

export async function makeAttempt(tx: Tx, tenant: Tenant): Promise<string> {
  const id = newId();
  return insert(tx, 'connect_attempts', {
    ...owned(tenant),
    id,
    project_id: await makeProject(tx, tenant),
    oauth_app_id: await makeApp(tx, tenant),
    provider: 'acme',
    state_hash: Buffer.from(id),
    created_by: 'key',
    redirect_uri: 'https://example.com/callback',
    scopes: [],
  });
}

/** The version of a grant that `makeGrant` makes: its tokens open under this version only. */
export const GRANT_VERSION = '7';

export async function makeGrant(tx: Tx, tenant: Tenant): Promise<string> {
  return insert(tx, 'grants', {
    ...owned(tenant),
    provider: 'acme',
    platform_user_id: newId(),
    mode: 'static',
    issued_at: new Date(),
    token_version: GRANT_VERSION,
  });
}

export async function makeAccount(tx: Tx, tenant: Tenant): Promise<string> {
  return insert(tx, 'accounts', {
    ...owned(tenant),
    project_id: await makeProject(tx, tenant),
    grant_id: await makeGrant(tx, tenant),
    provider: 'acme',
    platform_account_id: newId(),
    connection_type: 'oauth',
    health: 'active',
  });
}

export async function makeIntent(tx: Tx, tenant: Tenant): Promise<string> {
  return insert(tx, 'exchange_intents', {
    kind: 'refresh',
    grant_id: await makeGrant(tx, tenant),
    holder: 'me',
    state: 'prepared',
  });
}

/** An endpoint for all events. */
export async function makeWebhook(tx: Tx, tenant: Tenant): Promise<string> {
  return insert(tx, 'webhooks', { ...owned(tenant), url: 'https://receiver.example/', events: ['*'] });
}

export async function makeRevocation(tx: Tx, tenant: Tenant): Promise<string> {
  const ends = { ends_at: new Date(Date.now() + 86_400_000) };
  return insert(tx, 'pending_revocations', { ...owned(tenant), provider: 'acme', client_id: 'a client', ...ends });
}

const owned = ({ workspaceId, environment }: Tenant): object => ({ workspace_id: workspaceId, environment });

async function insert(tx: Tx, table: string, row: object): Promise<string> {
  const full: Record<string, unknown> = { id: newId(), ...row };
  const places = Object.keys(full).map((_, index) => `$${index + 1}`);
  await tx.query(
    `insert into ${table} (${Object.keys(full).join(', ')}) values (${places.join(', ')})`,
    Object.values(full),
  );
  return full.id as string;
}
