import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { Secret } from '#observability';
import { transaction } from '#persistence';
import { applyHealth, openUsableToken, probeAccount } from '#tokens';
import { until } from '../../../../test/support/backend.js';
import { CLIENT_SECRET, type Flow } from '../../../../test/support/flow.js';
import { type LeasedPair, LeaseWorld } from '../../../../test/support/lease-world.js';
import { DeleteOAuthApp } from '../oauth-apps/delete-oauth-app.js';
import { UpdateOAuthApp } from '../oauth-apps/update-oauth-app.js';
import { HandlePush } from '../push/handle-push.js';
import { PoolAccounts } from './pool-accounts.js';

let world: LeaseWorld;
let flow: Flow;
beforeAll(async () => {
  world = await LeaseWorld.open();
  flow = world.flow;
});
afterAll(() => world.close());

let appId: string;
beforeEach(async () => {
  await world.begin({ isDefaultProject: true });
  appId = await flow.app('facebook', { isDefault: true });
});

interface Row {
  health: string;
  reason: string | null;
  grantId: string;
}

const rowOf = (id: string): Promise<Row> =>
  flow.one('select health, health_reason as reason, grant_id as "grantId" from accounts where id = $1', [id]);
const pooledRow = ({ pooled }: LeasedPair): Promise<Row> =>
  flow.one(
    `select health, health_reason as reason, grant_id as "grantId" from accounts
     where id = (select account_id from pool_accounts where id = $1)`,
    [pooled],
  );
const eventsOf = async (id: string): Promise<string[]> =>
  (
    await flow.many<{ type: string }>(
      'select type from outbox where account_id = $1 and workspace_id = $2 order by sequence',
      [id, world.customer.workspaceId],
    )
  ).map(({ type }) => type);

/** A call of the platform at the app of the operator, about the person of a leased account. */
async function push(topic: string, leased: LeasedPair): Promise<unknown> {
  const { userId } = await flow.one<{ userId: string }>(
    'select platform_user_id as "userId" from grants where id = $1',
    [(await rowOf(leased.account)).grantId],
  );
  const claims = { algorithm: 'HMAC-SHA256', issued_at: Math.floor(Date.now() / 1_000) + 1, user_id: userId };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const signature = createHmac('sha256', CLIENT_SECRET).update(payload).digest('base64url');
  const body = Buffer.from(new URLSearchParams({ signed_request: `${signature}.${payload}` }).toString());
  return flow.get(HandlePush).execute({ family: 'meta', oauthAppId: appId, topic, headers: {}, body });
}

describe('a leased account', () => {
  it('is refreshed with its grant, with an event in its own workspace, and probed on its own', async () => {
    const leased = await world.lease('x', await world.connect('x', 'happy'));
    const { grantId } = await rowOf(leased.account);
    expect(await flow.exchange().refresh(grantId, { forced: true, maxWait: 5_000 })).toEqual({ kind: 'fresh' });
    expect(await probeAccount(flow.context(), leased.account)).toBe('probed');
    expect(await rowOf(leased.account)).toMatchObject({ health: 'active' });
    expect((await eventsOf(leased.account))[0]).toBe('account.connected');
  });

  it('has a copy of the token of a Page, which its workspace cannot read, and which the release destroys', async () => {
    const leased = await world.lease('facebook', await world.connect('facebook', 'one-page'));
    const held = (): Promise<unknown[]> =>
      flow.many('select 1 from account_tokens where account_id = $1', [leased.account]);
    expect(await held()).toHaveLength(1);
    expect(await probeAccount(flow.context(), leased.account)).toBe('probed');
    const request = { ...world.customer, id: leased.account, minTtl: 0, maxWait: 1_000 };
    expect(await openUsableToken(flow.context(), flow.exchange(), request)).toEqual({ kind: 'leased' });
    await world.release(leased.account);
    expect(await held()).toEqual([]);
    expect(await pooledRow(leased)).toMatchObject({ health: 'active' });
    expect(await flow.many('select 1 from pending_revocations')).toEqual([]);
  });

  it('ends with its grant when the person withdraws the consent at the app of the operator', async () => {
    const leased = await world.lease('facebook', await world.connect('facebook', 'one-page'));
    expect(await push('deauthorize', leased)).toEqual({ kind: 'taken' });
    for (const row of [await rowOf(leased.account), await pooledRow(leased)])
      expect(row).toMatchObject({ health: 'needs_reauth', reason: 'deauthorized_by_user' });
    expect(await eventsOf(leased.account)).toEqual(
      expect.arrayContaining(['account.connected', 'account.health_changed', 'connection.revoked']),
    );
  });

  it('follows the account of the pool to the grant of another consent, with the same id', async () => {
    const leased = await world.lease('x', await world.supply(await world.profileOf('happy')));
    const { grantId: before } = await rowOf(leased.account);
    await world.connect('x', 'happy');
    const [row, pooled] = [await rowOf(leased.account), await pooledRow(leased)];
    expect(row.grantId).not.toBe(before);
    expect(row).toEqual(pooled);
    expect(await flow.many('select 1 from pool_accounts where account_id is null')).toEqual([]);
  });

  it('is usable again at once after a new consent of its person, whatever its own probes had found', async () => {
    const leased = await world.lease('x', await world.connect('x', 'happy'));
    await flow.pool.query(
      `update accounts set probe_class = 'permanent', probe_reason = 'api_rejects_token', missing_scopes = '{users.read}',
         probe_refused_at = array[db_now()], probe_result = 'permanent' where id = $1`,
      [leased.account],
    );
    const { grantId } = await rowOf(leased.account);
    await transaction(flow.pool, (tx) => applyHealth(tx, grantId));
    expect(await rowOf(leased.account)).toMatchObject({ health: 'needs_reauth', reason: 'api_rejects_token' });
    await world.connect('x', 'happy');
    expect(await rowOf(leased.account)).toMatchObject({ health: 'active', reason: null, grantId });
    expect((await eventsOf(leased.account)).at(-1)).toBe('account.health_changed');
  });

  it('leaves nothing of its former grant when the operator supplies tokens, and the platform is not called about it', async () => {
    const leased = await world.lease('x', await world.connect('x', 'happy'));
    const { grantId: before } = await rowOf(leased.account);
    const { profile } = await flow.one<{ profile: string }>(
      'select platform_account_id as profile from accounts where id = $1',
      [leased.account],
    );
    expect(await world.supply(profile)).toBe(leased.pooled);
    expect((await rowOf(leased.account)).grantId).not.toBe(before);
    expect(await flow.many('select 1 from grant_tokens where grant_id = $1', [before])).toEqual([]);
    expect(await flow.many('select 1 from pending_revocations')).toEqual([]);
  });

  it('is refreshed with a new secret of its app, which the operator cannot delete meanwhile', async () => {
    const app = await flow.one<{ id: string; client: string }>(
      "select id, client_id as client from oauth_apps where workspace_id = $1 and provider = 'x'",
      [world.operator.workspaceId],
    );
    const leased = await world.lease('x', await world.connect('x', 'happy'));
    const { grantId } = await rowOf(leased.account);
    const secret = 'another-secret';
    await flow.sandbox.control('POST', '/apps', { provider: 'x', client_id: app.client, client_secret: secret });
    await flow.get(UpdateOAuthApp).execute({ tenant: world.operator, id: app.id, clientSecret: new Secret(secret) });
    await flow.pool.query("update grants set issued_at = issued_at - interval '10 minutes' where id = $1", [grantId]);
    // The check of the new secret may hold the only turn to use it.
    const refreshed = async (): Promise<Date | null> => {
      await flow.exchange().refresh(grantId, { forced: true, maxWait: 5_000 });
      const read = 'select last_refreshed_at as at from grants where id = $1';
      return (await flow.one<{ at: Date | null }>(read, [grantId])).at;
    };
    expect(await until(refreshed, (at) => at !== null)).not.toBeNull();
    const remove = flow.get(DeleteOAuthApp).execute({ tenant: world.operator, id: app.id, force: false });
    await expect(remove).rejects.toMatchObject({ code: 'oauth_app.in_use' });
  });

  it('loses the data of its person when the person requests that at the platform, in both workspaces', async () => {
    const leased = await world.lease('facebook', await world.connect('facebook', 'one-page'));
    expect(await push('data-deletion', leased)).toMatchObject({ kind: 'deleted' });
    for (const row of [await rowOf(leased.account), await pooledRow(leased)])
      expect(row).toMatchObject({ health: 'needs_reauth' });
    const named = await flow.many(
      'select 1 from accounts where grant_id = $1 and (handle is not null or display_name is not null)',
      [(await rowOf(leased.account)).grantId],
    );
    expect(named).toEqual([]);
    expect(await eventsOf(leased.account)).toContain('account.data_deleted');
    expect(await flow.many('select 1 from account_tokens where account_id = $1', [leased.account])).toEqual([]);
  });

  it('stays as it is when its project connects another Page of the same person', async () => {
    const pooled = await world.connect('facebook', 'many-pages');
    const leased = await world.lease('facebook', pooled);
    const before = await rowOf(leased.account);
    flow.tenant = world.customer;
    await flow.app('facebook', { isDefault: true });
    await flow.connect('facebook', 'many-pages');
    flow.tenant = world.operator;
    expect(await rowOf(leased.account)).toEqual(before);
    const own = await flow.many<{ type: string }>(
      `select connection_type as type from accounts where workspace_id = $1 and health <> 'disconnected' order by 1`,
      [world.customer.workspaceId],
    );
    expect(own.map(({ type }) => type)).toEqual(['leased', 'oauth']);
  });

  it('an account that was taken out of the pool can be added again, under another id', async () => {
    const before = await world.connect('x', 'happy');
    await world.remove(before);
    const again = await world.connect('x', 'happy');
    expect(again).not.toBe(before);
    const { items } = await flow.get(PoolAccounts).list('test', 10);
    expect(items).toMatchObject([{ id: again, health: 'active' }]);
    expect((await world.lease('x', again)).account).toBeDefined();
  });

  it('is released once by two calls at the same moment', async () => {
    const leased = await world.lease('x', await world.connect('x', 'happy'));
    const results = await Promise.allSettled([world.release(leased.account), world.release(leased.account)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await eventsOf(leased.account)).toEqual(['account.connected', 'account.disconnected']);
  });
});
