import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LeaseWorld, outcomeOf, SUPPLIED } from '../../../../test/support/lease-world.js';
import { CreateAccount } from '../accounts/create-account.js';
import { Projects } from '../projects/projects.js';
import { LeaseRequests } from './lease-requests.js';

let world: LeaseWorld;
beforeAll(async () => {
  world = await LeaseWorld.open();
});
afterAll(() => world.close());
beforeEach(() => world.begin());

describe('an account of the pool', () => {
  it('is leased once when two operators assign it to two requests', async () => {
    const [pooled, one, two] = [await world.ready(), await world.request(), await world.request()];
    const ended = await world.meet(
      'leases',
      () => world.assign(one, pooled),
      () => world.assign(two, pooled),
    );
    expect(ended).toEqual(['done', 'pool_account.not_assignable']);
    expect(await world.openLeases()).toHaveLength(1);
  });

  it('is leased again when its release comes before the assignment', async () => {
    const [pooled, one, two] = [await world.ready(), await world.request(), await world.request()];
    const [former] = await world.assign(one, pooled);
    const ended = await world.meet(
      'leases',
      () => world.release(former!),
      () => world.assign(two, pooled),
    );
    expect(ended).toEqual(['done', 'done']);
    expect(await world.openLeases()).toEqual([expect.objectContaining({ pooled, health: 'active' })]);
    expect((await world.openLeases())[0]!.account).not.toBe(former);
  });

  it('is returned once when its project and an operator end the lease at the same moment', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    const [leased] = await world.assign(one, pooled);
    const ended = await world.meet(
      'leases',
      () => world.release(leased!),
      () => world.endLease(pooled),
    );
    expect(ended).toEqual(['done', 'pool_account.not_leased']);
    expect(await world.openLeases()).toEqual([]);
  });

  it('can be leased again after two operators have ended its lease at the same moment', async () => {
    const [pooled, one, two] = [await world.ready(), await world.request(), await world.request()];
    await world.assign(one, pooled);
    const ended = await world.meet(
      'leases',
      () => world.endLease(pooled),
      () => world.endLease(pooled),
    );
    expect(ended).toEqual(['done', 'pool_account.not_leased']);
    await world.assign(two, pooled);
    expect(await world.openLeases()).toHaveLength(1);
  });

  it('stays in the pool when an assignment comes before its removal', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    const ended = await world.meet(
      'leases',
      () => world.assign(one, pooled),
      () => world.remove(pooled),
    );
    expect(ended).toEqual(['done', 'pool_account.leased']);
    expect(await world.openLeases()).toHaveLength(1);
    expect(await world.flow.many('select 1 from pending_revocations')).toEqual([]);
  });

  it('is not leased when its removal comes before the assignment', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    const ended = await world.meet(
      'pool_accounts',
      () => world.remove(pooled),
      () => world.assign(one, pooled),
    );
    expect(ended).toEqual(['done', 'validation.failed']);
    expect(await world.flow.many('select 1 from leases')).toEqual([]);
    expect(await outcomeOf(world.remove(pooled))).toBe('pool_account.not_found');
  });
});

describe('a request', () => {
  it('gets no more than its count when two parts of it are assigned at the same moment', async () => {
    const one = await world.request('x', 3);
    const pooled: string[] = [];
    for (const profile of ['1001', '1002', '1003', '1004']) pooled.push(await world.ready(profile));
    const ended = await world.meet(
      'leases',
      () => world.assign(one, ...pooled.slice(0, 2)),
      () => world.assign(one, ...pooled.slice(2)),
    );
    expect(ended).toEqual(['done', 'lease_request.closed']);
    expect(await world.openLeases()).toHaveLength(2);
  });

  it('is assigned in full by two parts at the same moment', async () => {
    const [a, b, one] = [await world.ready('1001'), await world.ready('1002'), await world.request('x', 2)];
    const ended = await world.meet(
      'leases',
      () => world.assign(one, a),
      () => world.assign(one, b),
    );
    expect(ended).toEqual(['done', 'done']);
    const [closed] = (await world.flow.get(LeaseRequests).list({ environment: 'test', isOpen: false, limit: 5 })).items;
    expect(closed).toMatchObject({ id: one, status: 'assigned' });
  });

  it('stays partial when it is closed while a part of it is assigned', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    const reject = (): Promise<unknown> => world.flow.get(LeaseRequests).reject('test', one, 'one is all there is');
    expect(await world.meet('leases', () => world.assign(one, pooled), reject)).toEqual(['done', 'done']);
    const [closed] = (await world.flow.get(LeaseRequests).list({ environment: 'test', isOpen: false, limit: 5 })).items;
    expect(closed).toMatchObject({ id: one, status: 'partial', reason: 'one is all there is' });
  });
});

describe('a project that is deleted', () => {
  it('stays when an assignment to it came first', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    const ended = await world.meet(
      'leases',
      () => world.assign(one, pooled),
      () => world.flow.get(Projects).delete({ tenant: world.customer, id: world.project }),
    );
    expect(ended).toEqual(['done', 'project.in_use']);
  });

  it('closes its open requests, so that a later assignment is refused', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    const ended = await world.meet(
      'lease_requests',
      () => world.flow.get(Projects).delete({ tenant: world.customer, id: world.project }),
      () => world.assign(one, pooled),
    );
    expect(ended).toEqual(['done', 'lease_request.closed']);
    expect(await world.openLeases()).toEqual([]);
    const [closed] = (await world.flow.get(LeaseRequests).list({ environment: 'test', isOpen: false, limit: 5 })).items;
    expect(closed).toMatchObject({ id: one, status: 'rejected', reason: 'The project was deleted.' });
  });
});

describe('a consent that moves an account of the pool to another grant', () => {
  it('moves a lease to its grant that is assigned at the same moment', async () => {
    const profile = await world.profileOf('happy');
    const [pooled, one] = [await world.ready(profile), await world.request()];
    const { callback } = await world.consent('x', 'happy');
    expect(await world.meet('leases', () => world.assign(one, pooled), callback)).toEqual(['done', 'done']);
    const [lease] = await world.openLeases();
    expect(lease).toMatchObject({ health: 'active', grantId: lease!.pooledGrantId });
  });

  it('lets an assignment that waits for it begin again with the new grant', async () => {
    const profile = await world.profileOf('happy');
    const [pooled, one] = [await world.ready(profile), await world.request()];
    const { callback } = await world.consent('x', 'happy');
    const { grantId } = await world.flow.one<{ grantId: string }>(
      `select grant_id as "grantId" from accounts where platform_account_id = $1 and health <> 'disconnected'`,
      [profile],
    );
    expect(await world.meet('outbox', callback, () => world.assign(one, pooled))).toEqual(['done', 'done']);
    const [lease] = await world.openLeases();
    expect(lease).toMatchObject({ health: 'active', grantId: lease!.pooledGrantId });
    expect(lease!.grantId).not.toBe(grantId);
  });

  it('leaves no token with a lease that is released at the same moment', async () => {
    await world.flow.app('facebook', { isDefault: true });
    const consented = await world.connect('facebook', 'one-page');
    const { pageId } = await world.flow.one<{ pageId: string }>(
      `select account.platform_account_id as "pageId" from pool_accounts pool
       join accounts account on account.id = pool.account_id`,
    );
    await world.remove(consented);
    const pooled = await world.ready(pageId, 'facebook', { page_id: pageId });
    const [leased] = await world.assign(await world.request('facebook'), pooled);
    const { callback } = await world.consent('facebook', 'one-page');
    expect(await world.meet('account_tokens', () => world.release(leased!), callback)).toEqual(['done', 'done']);
    expect(await world.openLeases()).toEqual([]);
    expect(await world.flow.many('select 1 from account_tokens where account_id = $1', [leased])).toEqual([]);
  });
});

describe('two Pages of one person', () => {
  interface Page {
    id: string;
    profile: string;
  }
  /** In the order in which a consent stores them. */
  const pages = (): Promise<Page[]> =>
    world.flow.many<Page>(
      `select id, platform_account_id as profile from accounts where provider = 'facebook' and health <> 'disconnected'
       order by platform_account_id collate "C"`,
    );

  /** Leased in the other order. */
  async function inThePool(profiles: readonly string[]): Promise<string[]> {
    const pooled: string[] = [];
    for (const page_id of profiles.toReversed()) pooled.push(await world.ready(page_id, 'facebook', { page_id }));
    return pooled;
  }

  it('stay with the consent of the project that connects both while they are leased to it', async () => {
    const { flow } = world;
    flow.tenant = world.customer;
    await flow.app('facebook', { isDefault: true });
    await flow.connect('facebook', 'many-pages', { projectId: world.project });
    const connected = await pages();
    await flow.pool.query("update accounts set health = 'disconnected'");
    const started = await flow.start('facebook', { projectId: world.project });
    const back = await flow.decide(started.authorizeUrl, 'many-pages');
    const pooled = await inThePool(connected.map(({ profile }) => profile).slice(0, 2));
    const one = await world.request('facebook', 2);
    const ended = await world.meet(
      'outbox',
      () => flow.callback(back),
      () => world.assign(one, ...pooled),
    );
    expect(ended).toEqual(['done', 'account.connected_there']);
    expect(await world.openLeases()).toEqual([]);
  });

  it('move to another grant of the pool while they are leased', async () => {
    const { flow } = world;
    await flow.app('facebook', { isDefault: true });
    await world.connect('facebook', 'many-pages');
    const connected = (await pages()).slice(0, 2);
    await flow.pool.query('delete from pool_accounts');
    await flow.pool.query("update accounts set health = 'disconnected'");
    const pooled = await inThePool(connected.map(({ profile }) => profile));
    const [one, { callback }] = [await world.request('facebook', 2), await world.consent('facebook', 'many-pages')];
    expect(await world.meet('outbox', callback, () => world.assign(one, ...pooled))).toEqual(['done', 'done']);
    const leases = await world.openLeases();
    expect(leases.map(({ grantId }) => grantId)).toEqual(leases.map(({ pooledGrantId }) => pooledGrantId));
    expect(leases).toHaveLength(2);
  });
});

describe('a profile that its project connects by hand', () => {
  const supply = (): Promise<unknown> =>
    world.flow.get(CreateAccount).execute({
      ...{ tenant: world.customer, provider: 'x', platformAccountId: '1001', projectId: world.project },
      ...{ verify: false, credentials: SUPPLIED },
    });

  it('is refused where the project leases it at the same moment', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    expect(await world.meet('leases', () => world.assign(one, pooled), supply)).toEqual(['done', 'account.leased']);
  });

  it('is not leased to the project at the same moment', async () => {
    const [pooled, one] = [await world.ready(), await world.request()];
    expect(await world.meet('outbox', supply, () => world.assign(one, pooled))).toEqual([
      'done',
      'account.connected_there',
    ]);
    expect(await world.openLeases()).toEqual([]);
  });
});
