import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Flow } from '../../../../test/support/flow.js';
import { grantOf } from '../../../../test/support/flow-rows.js';
import type { Tx } from '#persistence/sql';
import { readUnclaimed } from './unclaimed-grants.js';

let flow: Flow;

beforeAll(async () => {
  flow = await Flow.open();
});
afterAll(() => flow.close());
beforeEach(() => flow.begin());

describe('grants that are looked at in the same moment', () => {
  it('reads grants by one statement, and returns to each caller the requested one', async () => {
    const [x, tiktok] = [
      await grantOf(flow, await flow.connect('x', 'happy')),
      await grantOf(flow, await flow.connect('tiktok', 'happy')),
    ];
    let statements = 0;
    const tx: Tx = {
      query: (sql, values) => {
        statements += 1;
        return flow.pool.query(sql, values);
      },
    };
    const reads = [
      readUnclaimed(tx, x.id, false),
      readUnclaimed(tx, tiktok.id, true),
      readUnclaimed(tx, randomUUID(), true),
      readUnclaimed(tx, x.id, true),
    ];
    const read = (await Promise.all(reads)).map((one) => one && [one.grantId, one.provider, one.urgency]);
    expect(read).toEqual([[x.id, 'x', 'due'], [tiktok.id, 'tiktok', 'forced'], undefined, [x.id, 'x', 'forced']]);
    expect(statements).toBe(1);
    await readUnclaimed(tx, x.id, false);
    expect(statements).toBe(2);
  });
});

describe('grants whose access tokens have ended', () => {
  it('go in the order in which they come, however long ago each ended; one whose token is valid goes by its end', async () => {
    const [one, other] = [
      await grantOf(flow, await flow.connect('x', 'happy')),
      await grantOf(flow, await flow.connect('tiktok', 'happy')),
    ];
    const endOf = async (id: string): Promise<number> =>
      (await readUnclaimed(flow.pool, id, false))?.accessExpiresAt?.getTime() ?? NaN;
    expect(await endOf(one.id)).toBeGreaterThan(Date.now());
    const ended = (id: string, ago: string): Promise<unknown> =>
      flow.pool.query('update grants set access_expires_at = db_now() - $2::interval where id = $1', [id, ago]);
    await ended(one.id, '1 hour');
    await ended(other.id, '3 hours');
    const first = await endOf(one.id);
    expect(await endOf(other.id)).toBeGreaterThanOrEqual(first);
  });
});
