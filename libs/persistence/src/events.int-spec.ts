import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openMigratedDatabase, type OpenedDatabase } from '../../../test/support/open-database.js';
import { makeAccount, makeTenant } from '../../../test/support/rows.js';
import { AccountEvent, OutboxEvent } from './entities/index.js';
import { type EventType, type HistoryInput, recordEvent, recordHistories } from './events.js';
import type { Tenant } from './tenant.js';
import { transaction } from './tx.js';

let opened: OpenedDatabase;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());

const event = (accountId: string, type: EventType = 'account.refreshed') => ({
  ...tenant,
  accountId,
  type,
  data: { provider: 'acme' },
});
const history = (accountId: string): Promise<AccountEvent[]> =>
  opened.database.dataSource.getRepository(AccountEvent).find({ where: { accountId }, order: { sequence: 'ASC' } });
const outbox = (accountId: string): Promise<OutboxEvent[]> =>
  opened.database.dataSource.getRepository(OutboxEvent).find({ where: { accountId }, order: { sequence: 'ASC' } });

describe('an event', () => {
  it('stands in the history and in the outbox under one id and number', async () => {
    const account = await makeAccount(opened.database.pool, tenant);
    await transaction(opened.database.pool, (tx) => recordEvent(tx, event(account)));
    const [[written], [waiting]] = [await history(account), await outbox(account)];
    expect(written).toMatchObject({ ...tenant, sequence: '1', type: 'account.refreshed', data: { provider: 'acme' } });
    expect(waiting).toMatchObject({
      id: written?.id,
      ...tenant,
      sequence: '1',
      payload: { provider: 'acme' },
      dispatchedAt: null,
    });
  });

  it('goes with a change that was rolled back, and its number with it', async () => {
    const account = await makeAccount(opened.database.pool, tenant);
    const failing = transaction(opened.database.pool, async (tx) => {
      await recordEvent(tx, event(account));
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect([...(await history(account)), ...(await outbox(account))]).toEqual([]);
    await transaction(opened.database.pool, (tx) => recordEvent(tx, event(account)));
    expect((await history(account)).map(({ sequence }) => sequence)).toEqual(['1']);
  });

  it('has a number of its own among those of its account, without gaps, also when many come at once', async () => {
    const account = await makeAccount(opened.database.pool, tenant);
    await Promise.all(
      Array.from({ length: 20 }, () => transaction(opened.database.pool, (tx) => recordEvent(tx, event(account)))),
    );
    const numbers = Array.from({ length: 20 }, (_, index) => String(index + 1));
    const sorted = (rows: { sequence: string | null }[]): (string | null)[] => rows.map(({ sequence }) => sequence);
    expect(sorted(await history(account))).toEqual(numbers);
    expect(sorted(await outbox(account))).toEqual(numbers);
  });
});

describe('events of the histories of several accounts', () => {
  const read = (accountId: string): HistoryInput => ({ ...tenant, accountId, type: 'account.token_read' });
  const numbersOf = async (accountId: string): Promise<string[]> =>
    (await history(accountId)).map(({ sequence }) => sequence);

  it('gives the events of a statement the next numbers of their accounts, and puts none into the outbox', async () => {
    const { pool } = opened.database;
    const [one, other] = [await makeAccount(pool, tenant), await makeAccount(pool, tenant)];
    await recordEvent(pool, event(one));
    expect(await recordHistories(pool, [read(one), read(other), read(one)])).toEqual([true, true, true]);
    expect([await numbersOf(one), await numbersOf(other)]).toEqual([['1', '2', '3'], ['1']]);
    expect(await outbox(other)).toEqual([]);
  });

  it('do not wait for an account that another transaction holds, and name it', async () => {
    const { pool } = opened.database;
    const [held, free] = [await makeAccount(pool, tenant), await makeAccount(pool, tenant)];
    await transaction(pool, async (tx) => {
      await tx.query('select from accounts where id = $1 for update', [held]);
      expect(await recordHistories(pool, [read(held), read(free)])).toEqual([false, true]);
    });
    expect([await numbersOf(held), await numbersOf(free)]).toEqual([[], ['1']]);
  });

  it('leaves no gap between the numbers of an account when several statements run at once', async () => {
    const { pool } = opened.database;
    const accounts = [await makeAccount(pool, tenant), await makeAccount(pool, tenant)];
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => recordHistories(pool, (n % 2 ? accounts : accounts.toReversed()).map(read))),
    );
    const recorded = results.flat().filter(Boolean).length;
    const numbers = await Promise.all(accounts.map(numbersOf));
    expect(numbers.flat()).toHaveLength(recorded);
    for (const each of numbers) expect(each).toEqual(each.map((_, at) => String(at + 1)));
  });
});
