import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, recordEvent, recordTenantEvent, type Tenant, transaction } from '#persistence';
import { makeAccount, makeTenant } from '../../../../test/support/rows.js';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { type EventRecord, ReadFeed, type ReadFeedInput } from './read-feed.js';
import { GetAccount } from './get-account.js';

let opened: OpenedDatabase;
let tenant: Tenant;
let feed: ReadFeed;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());
beforeEach(async () => {
  tenant = await makeTenant(opened.database.pool);
  feed = new ReadFeed(opened.database, new GetAccount(opened.database));
});

const read = (input: Partial<ReadFeedInput> = {}): Promise<{ items: EventRecord[]; next: string | null }> =>
  feed.execute({ tenant, limit: 100, ...input });

const account = (): Promise<string> => makeAccount(opened.database.pool, tenant);

const connected = (accountId: string, n = 0) =>
  ({ ...tenant, accountId, type: 'account.connected', data: { n } }) as const;

const record = (accountId: string, n = 0): Promise<void> => recordEvent(opened.database.pool, connected(accountId, n));

/** Records an event in a transaction that stays open until `commit`. */
async function begin(accountId: string, n: number): Promise<{ commit(): Promise<void>; rollback(): Promise<void> }> {
  const client = await opened.database.pool.connect();
  await client.query('begin');
  await recordEvent(client, connected(accountId, n));
  const end = async (how: string): Promise<void> => {
    await client.query(how);
    client.release();
  };
  return { commit: () => end('commit'), rollback: () => end('rollback') };
}

const numbers = (items: EventRecord[]): unknown[] => items.map(({ data }) => data.n);

/** Follows the feed from its beginning to its end, in pages of this size. */
async function follow(limit: number): Promise<EventRecord[]> {
  const all: EventRecord[] = [];
  for (;;) {
    const { items, next } = await read({ limit, after: all.at(-1)?.id });
    all.push(...items);
    if (next === null) return all;
    expect(next).toBe(items.at(-1)?.id);
  }
}

describe('the event feed', () => {
  it('has the events of all accounts of a tenant, the oldest first, and continues after the last one', async () => {
    const [one, other] = [await account(), await account()];
    for (const [n, id] of [one, other, one, other, one].entries()) await record(id, n);
    expect(numbers(await follow(2))).toEqual([0, 1, 2, 3, 4]);
    expect((await follow(2)).map(({ sequence }) => sequence)).toEqual([1, 1, 2, 2, 3]);
  });

  it('ends before an event that is not committed yet, so that a reader does not pass it', async () => {
    const [slow, fast] = [await account(), await account()];
    await record(fast, 0);
    const late = await begin(slow, 1);
    await record(fast, 2);
    const first = await read();
    expect(numbers(first.items)).toEqual([0]);
    await late.commit();
    expect(numbers((await read({ after: first.items[0]!.id })).items)).toEqual([1, 2]);
  });

  it('continues after an open transaction that was rolled back', async () => {
    const [slow, fast] = [await account(), await account()];
    const late = await begin(slow, 1);
    await record(fast, 2);
    expect(numbers((await read()).items)).toEqual([]);
    await late.rollback();
    expect(numbers((await read()).items)).toEqual([2]);
  });

  it('keeps the order of an account whose second event comes of the transaction that began first', async () => {
    const [one, other] = [await account(), await account()];
    const client = await opened.database.pool.connect();
    await client.query('begin');
    await recordEvent(client, connected(other, 0));
    await record(one, 1);
    await recordEvent(client, connected(one, 2));
    await client.query('commit');
    client.release();
    expect(numbers((await read()).items)).toEqual([0, 1, 2]);
    expect((await read({ accountId: one })).items.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('shows each event once and in order to readers that follow it while many transactions write', async () => {
    const accounts = await Promise.all(Array.from({ length: 5 }, account));
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let n = 0; n < 40; n += 1) {
        await transaction(opened.database.pool, async (tx) => {
          // In one order, since two transactions would wait for each other otherwise.
          for (const id of accounts.slice((n + writer) % 4)) await recordEvent(tx, connected(id, n));
          if (n % 7 === 3) throw new Error('rolled back');
        }).catch((error: unknown) => {
          expect(error).toMatchObject({ message: 'rolled back' });
        });
      }
    });
    const written = Promise.allSettled(writers);
    const ended = new AbortController();
    void written.then(() => {
      ended.abort();
    });
    const seen: EventRecord[] = [];
    const readOn = async (limit: number): Promise<void> => {
      seen.push(...(await read({ after: seen.at(-1)?.id, limit })).items);
    };
    while (!ended.signal.aborted) await readOn(7 + (seen.length % 50));
    for (let before = -1; seen.length > before;) {
      before = seen.length;
      await readOn(100);
    }
    expect((await written).filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(seen.map(({ id }) => id)).toEqual((await follow(100)).map(({ id }) => id));
    for (const id of accounts) {
      const sequences = seen.filter(({ accountId }) => accountId === id).map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    }
  });

  it('leaves out account.refreshed unless it is named', async () => {
    const id = await account();
    await record(id, 0);
    await recordEvent(opened.database.pool, { ...connected(id, 1), type: 'account.refreshed' });
    await recordTenantEvent(opened.database.pool, { ...tenant, type: 'oauth_app.status_changed', data: { n: 2 } });
    expect(numbers((await read()).items)).toEqual([0, 2]);
    expect(numbers((await read({ types: ['account.refreshed'] })).items)).toEqual([1]);
    expect((await read({ types: ['oauth_app.status_changed'] })).items).toMatchObject([
      { accountId: null, sequence: null },
    ]);
  });

  it('refuses an event that is unknown, of another tenant, or gone, and names the oldest that is left', async () => {
    const [mine, stranger] = [await account(), await makeTenant(opened.database.pool)];
    for (let n = 0; n < 3; n += 1) await record(mine, n);
    const [first, second] = (await read()).items;
    await opened.database.pool.query('delete from outbox where id = $1', [first!.id]);
    for (const after of [first!.id, newId()])
      await expect(read({ after })).rejects.toMatchObject({
        code: 'event.gone',
        details: { oldestEventId: expect.stringMatching(/^evt_/) },
      });
    await expect(feed.execute({ tenant: stranger, after: second!.id, limit: 1 })).rejects.toMatchObject({
      code: 'event.gone',
      details: {},
    });
  });

  it('shows no event of another tenant or environment, and refuses an account of theirs', async () => {
    const id = await account();
    await record(id);
    const others: Tenant[] = [
      await makeTenant(opened.database.pool),
      { ...tenant, environment: tenant.environment === 'live' ? 'test' : 'live' },
    ];
    for (const other of others) {
      expect((await feed.execute({ tenant: other, limit: 10 })).items).toEqual([]);
      await expect(feed.execute({ tenant: other, accountId: id, limit: 10 })).rejects.toMatchObject({
        code: 'account.not_found',
      });
    }
  });
});

describe('a transaction that records events', () => {
  it('holds one lock, however many they are', async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, account));
    const locks = await transaction(opened.database.pool, async (tx) => {
      for (const id of ids) await recordEvent(tx, connected(id));
      const { rows } = await tx.query<{ count: number }>(
        `select count(*)::int as count from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'`,
      );
      return rows[0]?.count;
    });
    expect(locks).toBe(1);
  });
});
