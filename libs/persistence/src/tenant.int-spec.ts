import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { makeAccount, makeApp, makeGrant, makeTenant } from '../../../test/support/rows.js';
import { changeAccount } from './accounts/accounts.js';
import { storeConnectedAccount } from './accounts/store-connected-account.js';
import { claimIdempotencyKey, findIdempotentRequest, type IdempotencyPlace } from './idempotency-keys.js';
import { newId } from './ids.js';
import { clearDefaultApp, restoreDefaultApp } from './oauth-apps.js';
import type { Tenant } from './tenant.js';
import { transaction, type Tx } from './tx.js';

let opened: OpenedDatabase;
let owner: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
beforeEach(async () => {
  owner = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

const run = <Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> => transaction(opened.database.pool, work);

async function one<Row>(sql: string, ...values: unknown[]): Promise<Row> {
  return (await opened.database.pool.query(sql, values)).rows[0] as Row;
}

const isDefault = async (id: string): Promise<boolean> =>
  (await one<{ is_default: boolean }>('select is_default from oauth_apps where id = $1', id)).is_default;

/** An app of the one provider `acme`, the default or not. */
async function appOf(tenant: Tenant, { asDefault }: { asDefault: boolean }): Promise<string> {
  const id = await makeApp(opened.database.pool, tenant);
  await opened.database.pool.query('update oauth_apps set is_default = $2 where id = $1', [id, asDefault]);
  return id;
}

const strangers: [string, () => Promise<Tenant>][] = [
  ['another workspace', () => makeTenant(opened.database.pool)],
  ['the other environment of the workspace', () => Promise.resolve({ ...owner, environment: 'live' })],
];

describe.each(strangers)('%s', (_who, findStranger) => {
  it('changes no account of the owner', async () => {
    const id = await makeAccount(opened.database.pool, owner);
    const stranger = await findStranger();
    expect(await run((tx) => changeAccount(tx, { ...stranger, id }, { handle: 'a stranger' }))).toBeUndefined();
    expect(await one('select handle from accounts where id = $1', id)).toEqual({ handle: null });
    expect(await run((tx) => changeAccount(tx, { ...owner, id }, { handle: 'the owner' }))).toBeDefined();
  });

  it('renews no account of the owner with a profile of its own', async () => {
    const pool = opened.database.pool;
    const id = await makeAccount(pool, owner);
    const stranger = await findStranger();
    const { project_id: projectId, platform_account_id: platformAccountId } = await one<Record<string, string>>(
      'select project_id, platform_account_id from accounts where id = $1',
      id,
    );
    const profile = {
      ...{ id: newId(), projectId: projectId!, provider: 'acme', platformAccountId: platformAccountId! },
      ...{ grantId: await makeGrant(pool, stranger), oauthAppId: await makeApp(pool, stranger) },
      ...{
        handle: 'a stranger',
        displayName: null,
        avatarUrl: null,
        connectionType: 'oauth' as const,
        missingScopes: [],
        metadata: {},
        nextProbeSeconds: 60,
      },
    };
    expect(await run((tx) => storeConnectedAccount(tx, { ...stranger, ...profile }))).toEqual({ id: profile.id });
    expect(await one('select handle from accounts where id = $1', id)).toEqual({ handle: null });
  });

  it('clears no default of the owner', async () => {
    const app = await appOf(owner, { asDefault: true });
    const family = { ...(await findStranger()), provider: 'acme' };
    await run((tx) => clearDefaultApp(tx, family));
    expect(await isDefault(app)).toBe(true);
    await run((tx) => clearDefaultApp(tx, { ...owner, provider: 'acme' }));
    expect(await isDefault(app)).toBe(false);
  });

  it('gives the owner no default, and gets its own where the owner has one', async () => {
    const family = { ...(await findStranger()), provider: 'acme' };
    const without = await appOf(owner, { asDefault: false });
    await run((tx) => restoreDefaultApp(tx, family));
    expect(await isDefault(without)).toBe(false);
    await appOf(owner, { asDefault: true });
    const own = await appOf(family, { asDefault: false });
    await run((tx) => restoreDefaultApp(tx, family));
    expect([await isDefault(own), await isDefault(without)]).toEqual([true, false]);
  });

  it('does not find the request of the owner, and may use its key', async () => {
    const place = { credential: 'key:1', method: 'POST', path: '/v1/things', key: newId() };
    const of = (tenant: Tenant): IdempotencyPlace => ({ ...tenant, ...place });
    const claim = { bodyHash: Buffer.from('body'), known: Buffer.from('body') };
    const stranger = await findStranger();
    expect(await run((tx) => claimIdempotencyKey(tx, of(owner), claim))).toBeDefined();
    expect(await run((tx) => findIdempotentRequest(tx, of(stranger)))).toBeUndefined();
    expect(await run((tx) => claimIdempotencyKey(tx, of(stranger), claim))).toBeDefined();
    expect(await run((tx) => findIdempotentRequest(tx, of(owner)))).toBeDefined();
  });
});
