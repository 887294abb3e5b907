import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { transaction } from '#persistence';
import { applyHealth } from '#tokens';
import { LeaseWorld } from '../../../../test/support/lease-world.js';
import { DeleteOAuthApp } from './delete-oauth-app.js';

let world: LeaseWorld;
beforeAll(async () => {
  world = await LeaseWorld.open();
});
afterAll(() => world.close());
beforeEach(() => world.begin());

interface Grant {
  id: string;
  appId: string;
}

const grantOf = (account: string): Promise<Grant> =>
  world.flow.one(
    `select grants.id, grants.oauth_app_id as "appId" from grants join accounts on accounts.grant_id = grants.id
     where accounts.id = $1`,
    [account],
  );
const deleteApp = (id: string): Promise<void> =>
  world.flow.get(DeleteOAuthApp).execute({ tenant: world.operator, id, force: true });

describe('the deletion of an app with its accounts', () => {
  it('waits for a change of the health of one of them, which locks the grant and then the app', async () => {
    const account = await world.flow.connect('x');
    const { id, appId } = await grantOf(account);
    await world.flow.pool.query(
      "update grants set refresh_state = 'ended', ended_reason = 'grant_revoked' where id = $1",
      [id],
    );
    const change = (): Promise<void> => transaction(world.flow.pool, (tx) => applyHealth(tx, id));
    expect(await world.meet('outbox', change, () => deleteApp(appId))).toEqual(['done', 'done']);
    expect(await world.flow.healthOf(account)).toEqual(['needs_reauth', 'grant_revoked']);
  });

  it('waits for a refresh that ends a pause of the app, which locks its grant first', async () => {
    const { flow } = world;
    const { id, appId } = await grantOf(await flow.connect('x'));
    await flow.pool.query("update grants set issued_at = issued_at - interval '10 minutes' where id = $1", [id]);
    await flow.pool.query("update oauth_apps set status = 'paused', status_source = 'token' where id = $1", [appId]);
    const refresh = (): Promise<unknown> => flow.exchange().refresh(id, { forced: true, maxWait: 5_000 });
    expect(await world.meet('outbox', refresh, () => deleteApp(appId))).toEqual(['done', 'done']);
    const { at } = await flow.one<{ at: Date | null }>('select last_refreshed_at as at from grants where id = $1', [
      id,
    ]);
    expect(at).not.toBeNull();
    expect(await flow.many('select 1 from oauth_apps where id = $1', [appId])).toEqual([]);
  });
});
