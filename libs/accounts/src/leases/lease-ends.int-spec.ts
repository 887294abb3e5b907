import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { LeaseWorld } from '../../../../test/support/lease-world.js';
import { type Posts, POSTS } from '../injection.js';

let world: LeaseWorld;
beforeAll(async () => {
  world = await LeaseWorld.open();
});
afterAll(() => world.close());
beforeEach(() => world.begin());
afterEach(() => {
  jest.restoreAllMocks();
});

/** Takes the place of the library of posts, which plugs in here. */
const posts = (): jest.Spied<Posts['cancelPostsOf']> => jest.spyOn(world.flow.get<Posts>(POSTS), 'cancelPostsOf');

interface Ended {
  health: string;
  reason: string | null;
  events: { type: string; data: object }[];
}

const leasedRow = (id: string): Promise<Ended> =>
  world.flow.one(
    `select health, disconnected_reason as reason, (
       select jsonb_agg(jsonb_build_object('type', type, 'data', data) order by sequence) from account_events
       where account_id = accounts.id) as events
     from accounts where id = $1`,
    [id],
  );

const WAYS: [reason: string, end: (leased: { pooled: string; account: string }) => Promise<unknown>][] = [
  ['released_by_partner', ({ account }) => world.release(account)],
  ['ended_by_operator', ({ pooled }) => world.endLease(pooled)],
];

it.each(WAYS)('a lease that is %s cancels the posts of its account in the same transaction', async (reason, end) => {
  const leased = await world.lease('x', await world.supply());
  const canceled = posts().mockResolvedValue(3);
  expect(await end(leased)).toMatchObject({ canceledPosts: 3 });
  expect(canceled.mock.calls.map(([, account]) => account)).toEqual([leased.account]);
  const row = await leasedRow(leased.account);
  expect(row).toMatchObject({ health: 'disconnected', reason });
  expect(row.events.at(-1)).toEqual({ type: 'account.disconnected', data: { reason } });
});

it.each(WAYS)('a lease that would be %s stays where its posts cannot be canceled', async (_reason, end) => {
  const leased = await world.lease('x', await world.supply());
  posts().mockRejectedValue(new Error('no posts'));
  await expect(end(leased)).rejects.toThrow('no posts');
  expect(await world.openLeases()).toEqual([expect.objectContaining({ ...leased, health: 'active' })]);
  expect((await leasedRow(leased.account)).events.map(({ type }) => type)).toEqual(['account.connected']);
});

it('an account whose lease an operator has ended keeps its grant in the pool, where nothing is revoked', async () => {
  const leased = await world.lease('x', await world.connect('x', 'happy'));
  await world.endLease(leased.pooled, 'the person withdraws');
  const row = await leasedRow(leased.account);
  expect(row.events.at(-1)?.data).toEqual({ reason: 'ended_by_operator', note: 'the person withdraws' });
  expect(await world.flow.many('select 1 from pending_revocations')).toEqual([]);
  const next = await world.assign(await world.request(), leased.pooled);
  expect(next).toEqual([expect.not.stringMatching(leased.account)]);
});
