import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Flow } from '../../../../test/support/flow.js';
import { eventsOf } from '../../../../test/support/flow-rows.js';
import { HeldTable } from '../../../../test/support/held-table.js';
import { DisconnectAccount } from '../accounts/disconnect-account.js';
import { RetireUnusedGrants } from './retire-unused-grants.js';

let flow: Flow;
beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

interface GrantUse {
  accounts: number;
  state: string;
  sealed: boolean;
}

/** Every grant of the tenant, the ones in use first. */
const grants = (): Promise<GrantUse[]> =>
  flow.many(
    `select refresh_state as state, exists (select from grant_tokens where grant_id = grants.id) as sealed,
       (select count(*)::int from accounts where grant_id = grants.id and health <> 'disconnected') as accounts
     from grants where workspace_id = $1 order by 3 desc`,
    [flow.tenant.workspaceId],
  );
const IN_USE = { accounts: 1, state: 'idle', sealed: true };
const RETIRED = { accounts: 0, state: 'ended', sealed: false };

/** A person who consented at an app; the browser has yet to come back. */
const consent = async (oauthAppId?: string): Promise<URL> => {
  const { authorizeUrl } = await flow.start('x', oauthAppId === undefined ? {} : { oauthAppId });
  return flow.decide(authorizeUrl);
};

describe('one person at two apps', () => {
  it('two consents at the same time make one account, whose history has one connection, and leave no other grant', async () => {
    const [first, second] = [await consent(), await consent(await flow.app('x'))];
    const held = await HeldTable.hold(flow.pool, 'account_events');
    const landings = [flow.callback(first)];
    await held.isWaitedFor(1);
    landings.push(flow.callback(second));
    await held.isWaitedFor(2);
    await held.release();
    await Promise.all(landings);
    const accounts = await flow.many<{ id: string }>('select id from accounts where workspace_id = $1', [
      flow.tenant.workspaceId,
    ]);
    expect(accounts).toHaveLength(1);
    expect(await grants()).toEqual([IN_USE, RETIRED]);
    const events = await eventsOf(flow, accounts[0]!.id);
    expect(events.map(({ type }) => type)).toEqual(['account.connected', 'account.reconnected']);
    await flow.revoked();
    expect(await flow.calls('revoke')).toMatchObject([{ outcome: 'ok' }]);
  });

  it('an account that is disconnected while a consent moves it to another app leaves no grant', async () => {
    const id = await flow.connect('x');
    const second = await consent(await flow.app('x'));
    const held = await HeldTable.hold(flow.pool, 'account_events');
    const landing = flow.callback(second);
    await held.isWaitedFor(1);
    const disconnected = flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    await held.isWaitedFor(2);
    await held.release();
    await Promise.all([landing, disconnected]);
    expect(await flow.account(id)).toMatchObject({ health: 'disconnected' });
    expect(await grants()).toEqual([RETIRED, RETIRED]);
  });
});

describe('the sweep of unused grants', () => {
  it('ends a grant that lost its account in whatever way, revokes its tokens, and leaves the others', async () => {
    const left = await flow.connect('x');
    await flow.connect('tiktok');
    await flow.pool.query(`update accounts set health = 'disconnected' where id = $1`, [left]);
    const sweep = () => flow.get(RetireUnusedGrants).sweep();
    expect(await sweep()).toBe(1);
    expect(await grants()).toEqual([IN_USE, RETIRED]);
    await flow.revoked();
    expect(await flow.calls('revoke')).toMatchObject([{ outcome: 'ok' }]);
    expect(await sweep()).toBe(0);
  });

  it('ends a grant that was left by a consent whose process ended before it could retire the grant', async () => {
    await flow.connect('x');
    const second = await consent(await flow.app('x'));
    await flow.pool.query(`
      create function refuse_to_end() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
      create trigger refuse_to_end before update on grants for each row when (new.refresh_state = 'ended') execute function refuse_to_end()`);
    await flow.callback(second);
    expect(await grants()).toEqual([IN_USE, { ...RETIRED, state: 'idle', sealed: true }]);
    await flow.pool.query('drop trigger refuse_to_end on grants; drop function refuse_to_end()');
    expect(await flow.get(RetireUnusedGrants).sweep()).toBe(1);
    expect(await grants()).toEqual([IN_USE, RETIRED]);
  });
});
