import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { recordEvent, transaction } from '#persistence';
import { Flow } from '../../../../test/support/flow.js';
import { eventsOf, grantOf, outboxOf } from '../../../../test/support/flow-rows.js';
import { acceptElsewhere } from '../../../../test/support/other-customer.js';
import { DisconnectAccount } from './disconnect-account.js';
import { ListAccountEvents } from './list-account-events.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open(2);
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

const sequences = async (id: string): Promise<number[]> =>
  (await eventsOf(flow, id)).map(({ sequence }) => Number(sequence));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

describe('what happens to an account', () => {
  it('is recorded in full and once, in the history and in the outbox alike, over a whole life', async () => {
    const id = await flow.connect('x', 'happy', { userRef: 'user 7' });
    await flow.pass(102);
    await flow.exchange().refresh((await grantOf(flow, id)).id);
    await flow.revoke();
    await flow.pass(102);
    for (let strike = 0; strike < 2; strike += 1) {
      await flow.exchange().refresh((await grantOf(flow, id)).id);
      await flow.pass(61);
      await acceptElsewhere(flow.pool);
    }
    await flow.connect('x');
    await flow.get(DisconnectAccount).execute({ tenant: flow.tenant, id });
    const history = await eventsOf(flow, id);
    expect(history.map(({ type, data }) => [type, data.health ?? data.reason ?? null])).toEqual([
      ['account.connected', null],
      ['account.refreshed', null],
      ['account.health_changed', 'degraded'],
      ['account.health_changed', 'needs_reauth'],
      ['connection.revoked', 'grant_revoked'],
      ['account.reconnected', null],
      ['account.health_changed', 'active'],
      ['account.disconnected', 'revoked_by_client'],
    ]);
    expect(await sequences(id)).toEqual(upTo(8));
    expect(await outboxOf(flow, id)).toEqual(history);
  });

  it('has a number that grows by one, however many write at the same time', async () => {
    const id = await flow.connect('x');
    const write = (process: number) =>
      transaction(flow.context(process).pool, (tx) =>
        recordEvent(tx, { ...flow.tenant, accountId: id, type: 'account.refreshed' }),
      );
    await Promise.all(Array.from({ length: 40 }, (_, n) => write(n % 2)));
    expect(await sequences(id)).toEqual(upTo(41));
    expect(await outboxOf(flow, id)).toEqual(await eventsOf(flow, id));
  });

  it('has no gap where a change was rolled back', async () => {
    const id = await flow.connect('x');
    const broken = transaction(flow.pool, async (tx) => {
      await recordEvent(tx, { ...flow.tenant, accountId: id, type: 'account.refreshed' });
      throw new Error('no');
    });
    await expect(broken).rejects.toThrow('no');
    await flow.pass(102);
    await flow.exchange().refresh((await grantOf(flow, id)).id);
    expect(await sequences(id)).toEqual([1, 2]);
  });

  it('is read newest first, page by page, by its own tenant', async () => {
    const id = await flow.connect('x');
    for (let round = 0; round < 4; round += 1) {
      await flow.pass(102);
      await flow.exchange().refresh((await grantOf(flow, id)).id);
    }
    const read = (cursor?: string, tenant = flow.tenant) =>
      flow.get(ListAccountEvents).execute({ tenant, id, limit: 2, ...(cursor && { cursor }) });
    const walked: number[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await read(cursor ?? undefined);
      walked.push(...page.items.map(({ sequence }) => sequence));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(walked).toEqual([5, 4, 3, 2, 1]);
    await expect(read('damaged')).rejects.toMatchObject({ code: 'cursor.invalid' });
    await expect(read(undefined, { ...flow.tenant, environment: 'live' })).rejects.toMatchObject({
      code: 'account.not_found',
    });
  });
});
