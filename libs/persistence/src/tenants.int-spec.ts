import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { makeApp, makeGrant, makeTenant } from '../../../test/support/rows.js';
import { changeAccount } from './accounts/accounts.js';
import { type ConnectedProfile, storeConnectedAccount } from './accounts/store-connected-account.js';
import { newId } from './ids.js';
import { claimIdempotencyKey, findIdempotentRequest, type IdempotencyPlace } from './idempotency-keys.js';
import { clearDefaultApp, restoreDefaultApp } from './oauth-apps.js';
import type { Tenant } from './tenant.js';

let opened: OpenedDatabase;
let owner: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  owner = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

const many = async <Row>(sql: string, values: unknown[] = []): Promise<Row[]> =>
  (await opened.database.pool.query(sql, values)).rows as Row[];

const strangers: [string, () => Promise<Tenant>][] = [
  ['another workspace', () => makeTenant(opened.database.pool)],
  ['the other environment of the workspace', () => Promise.resolve({ ...owner, environment: 'live' })],
];

/** The profile of a platform, in the project of the owner: only the tenant makes it another account. */
async function profileOf(tenant: Tenant, projectId: string): Promise<ConnectedProfile> {
  return {
    ...tenant,
    id: newId(),
    projectId,
    provider: 'acme',
    platformAccountId: 'profile-1',
    grantId: await makeGrant(opened.database.pool, tenant),
    oauthAppId: null,
    connectionType: 'oauth',
    handle: 'a',
    displayName: null,
    avatarUrl: null,
    missingScopes: [],
    metadata: {},
    nextProbeSeconds: 60,
  };
}

describe.each(strangers)('a statement for %s', (_who, stranger) => {
  it('changes no account of the owner', async () => {
    const { pool } = opened.database;
    const [project] = await many<{ id: string }>(
      `insert into projects (id, workspace_id, environment, name, is_default)
       values (gen_random_uuid(), $1, $2, 'p', false) returning id`,
      [owner.workspaceId, owner.environment],
    );
    const tenant = await stranger();
    const own = await storeConnectedAccount(pool, await profileOf(owner, project!.id));
    expect(await changeAccount(pool, { ...tenant, id: own.id }, { handle: 'b' })).toBeUndefined();
    const before = await many('select * from accounts where id = $1', [own.id]);
    const other = await storeConnectedAccount(pool, await profileOf(tenant, project!.id));
    expect(other).toMatchObject({ previousGrantId: undefined });
    expect(other.id).not.toBe(own.id);
    expect(await many('select * from accounts where id = $1', [own.id])).toEqual(before);
    expect(await changeAccount(pool, { ...owner, id: own.id }, { handle: 'b' })).toBeDefined();
  });

  it('finds no request of the owner with the same idempotency key', async () => {
    const { pool } = opened.database;
    const placeOf = (tenant: Tenant): IdempotencyPlace => ({
      ...tenant,
      credential: 'key:1',
      method: 'POST',
      path: '/v1/things',
      key: 'a key',
    });
    const hash = Buffer.alloc(32, 1);
    await claimIdempotencyKey(pool, placeOf(owner), { bodyHash: hash, known: hash });
    const tenant = await stranger();
    expect(await findIdempotentRequest(pool, placeOf(tenant))).toBeUndefined();
    expect(await claimIdempotencyKey(pool, placeOf(tenant), { bodyHash: hash, known: hash })).toBeDefined();
    expect(await findIdempotentRequest(pool, placeOf(owner))).toMatchObject({ state: 'running' });
  });

  it('neither clears nor restores the default app of the owner, and does not count it as its own', async () => {
    const { pool } = opened.database;
    const tenant = await stranger();
    const defaults = (whose: Tenant) =>
      many<{ id: string }>('select id from oauth_apps where workspace_id = $1 and environment = $2 and is_default', [
        whose.workspaceId,
        whose.environment,
      ]);
    const family = (whose: Tenant) => ({ ...whose, provider: 'acme' });
    await pool.query('delete from oauth_apps where workspace_id = $1', [owner.workspaceId]);
    // The app of the owner is the older one of both.
    const ownApp = await makeApp(pool, owner);
    const otherApp = await makeApp(pool, tenant);
    await restoreDefaultApp(pool, family(owner));
    expect(await defaults(owner)).toEqual([{ id: ownApp }]);
    expect(await defaults(tenant)).toEqual([]);
    await restoreDefaultApp(pool, family(tenant));
    expect(await defaults(tenant)).toEqual([{ id: otherApp }]);
    await clearDefaultApp(pool, family(tenant));
    expect(await defaults(owner)).toEqual([{ id: ownApp }]);
    await clearDefaultApp(pool, family(owner));
    await restoreDefaultApp(pool, family(tenant));
    expect(await defaults(owner)).toEqual([]);
  });
});
