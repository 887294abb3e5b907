import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, recordEvent, recordTenantEvent, type Tenant, transaction } from '#persistence';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeAccount, makeTenant } from '../../../../test/support/rows.js';
import { turnClock } from '../../../../test/support/database.js';
import { claimDue, type ClaimedDelivery, claimOldest } from './lanes.js';
import { requeue } from './requeue.js';
import { type AttemptFacts, storeResults } from './store-results.js';

let opened: OpenedDatabase;
let tenant: Tenant;

beforeAll(async () => {
  opened = await openMigratedDatabase();
});
afterAll(() => opened.close());
beforeEach(async () => {
  await opened.database.pool.query('delete from webhooks');
  tenant = await makeTenant(opened.database.pool);
});

interface Made {
  events?: string[];
  provider?: string | null;
  status?: string;
  of?: Tenant;
}

async function makeWebhook({
  events = ['*'],
  provider = null,
  status = 'active',
  of = tenant,
}: Made = {}): Promise<string> {
  const id = newId();
  await opened.database.pool.query(
    `insert into webhooks (id, workspace_id, environment, url, events, filter_provider, status)
     values ($1, $2, $3, 'https://receiver.example/', $4, $5, $6)`,
    [id, of.workspaceId, of.environment, events, provider, status],
  );
  return id;
}

const account = (): Promise<string> => makeAccount(opened.database.pool, tenant);
const record = (accountId: string, n = 0, type = 'account.connected' as const): Promise<void> =>
  recordEvent(opened.database.pool, { ...tenant, accountId, type, data: { n } });
const claim = (most = 100): Promise<ClaimedDelivery[]> =>
  claimDue(opened.database.pool, { most, perWebhook: 100, busy: [] });
const facts = { statusCode: 200, error: null, durationMs: 1, responseExcerpt: 'ok' };
const numbers = (claimed: ClaimedDelivery[]): unknown[] => claimed.map(({ event }) => event?.data.n).toSorted();
const succeed = (...claimed: ClaimedDelivery[]): Promise<void> =>
  storeResults(
    opened.database.pool,
    claimed.map((delivery) => ({ delivery, facts, status: 'succeeded', wait: null, counts: true })),
  );
const exhaust = (delivery: ClaimedDelivery, found: AttemptFacts): Promise<void> =>
  storeResults(opened.database.pool, [{ delivery, facts: found, status: 'exhausted', wait: null, counts: true }]);
const fail = (delivery: ClaimedDelivery, found: AttemptFacts, wait = 60_000): Promise<void> =>
  storeResults(opened.database.pool, [{ delivery, facts: found, status: 'failed', wait, counts: true }]);

async function waiting(): Promise<number> {
  const { rows } = await opened.database.pool.query<{ count: number }>(
    `select count(*)::int as count from webhook_deliveries where status in ('pending', 'delivering', 'failed')`,
  );
  return rows[0]?.count ?? 0;
}

describe('an event', () => {
  it('is queued for each endpoint that takes it, in the transaction of its change', async () => {
    await makeWebhook();
    await makeWebhook({ events: ['account.disconnected'] });
    await makeWebhook({ status: 'disabled' });
    await makeWebhook({ of: await makeTenant(opened.database.pool) });
    const id = await account();
    await expect(
      transaction(opened.database.pool, async (tx) => {
        await recordEvent(tx, { ...tenant, accountId: id, type: 'account.connected' });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await waiting()).toBe(0);
    await record(id);
    expect(await waiting()).toBe(1);
  });

  it('is queued only for endpoints that name it, if its type is account.refreshed', async () => {
    await makeWebhook();
    const named = await makeWebhook({ events: ['account.refreshed'] });
    await recordEvent(opened.database.pool, { ...tenant, accountId: await account(), type: 'account.refreshed' });
    expect((await claim()).map(({ webhookId }) => webhookId)).toEqual([named]);
  });

  it('is queued for an endpoint with a filter only if its account matches', async () => {
    await makeWebhook({ provider: 'no-such-platform' });
    const id = await account();
    const { rows } = await opened.database.pool.query<{ provider: string }>(
      'select provider from accounts where id = $1',
      [id],
    );
    const matching = await makeWebhook({ provider: rows[0]!.provider });
    await record(id);
    await recordTenantEvent(opened.database.pool, { ...tenant, type: 'oauth_app.status_changed', data: {} });
    expect((await claim()).map(({ webhookId }) => webhookId)).toEqual([matching]);
  });

  it('about an endpoint is queued for the others', async () => {
    const [about, other] = [await makeWebhook(), await makeWebhook()];
    await recordTenantEvent(opened.database.pool, { ...tenant, type: 'webhook.paused', data: {}, webhookId: about });
    expect((await claim()).map(({ webhookId }) => webhookId)).toEqual([other]);
  });
});

describe('a lane', () => {
  it('gives out its oldest event only, and the next one when that is delivered', async () => {
    await makeWebhook();
    const [one, other] = [await account(), await account()];
    for (const n of [0, 1]) await record(one, n);
    await record(other, 7);
    const first = await claim();
    expect(numbers(first)).toEqual([0, 7]);
    expect(await claim()).toEqual([]);
    for (const delivery of first) await succeed(delivery);
    const second = await claim();
    expect(numbers(second)).toEqual([1]);
    expect(second[0]!.lastSequence).toBe('1');
    await succeed(second[0]!);
    expect(await claim()).toEqual([]);
    expect(await waiting()).toBe(0);
  });

  it('is claimed by one of many processes at a time', async () => {
    await makeWebhook();
    for (let n = 0; n < 10; n += 1) await record(await account(), n);
    const claimed = (await Promise.all(Array.from({ length: 8 }, () => claim(4)))).flat();
    expect(new Set(claimed.map(({ laneId }) => laneId)).size).toBe(claimed.length);
    const rest = await claim();
    expect(numbers([...claimed, ...rest])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('waits for its retry with the events behind it, while other lanes continue', async () => {
    await makeWebhook();
    const [one, other] = [await account(), await account()];
    for (const n of [0, 1]) await record(one, n);
    const [head] = await claim();
    await fail(head!, { ...facts, statusCode: 500 });
    await record(other, 7);
    expect(numbers(await claim())).toEqual([7]);
    await turnClock(opened.database.pool, '61 seconds');
    const [again] = await claim();
    expect([again?.event?.data.n, again?.attempts]).toEqual([0, 1]);
    await turnClock(opened.database.pool, '0 seconds');
  });

  it('moves on after its last retry', async () => {
    await makeWebhook();
    const id = await account();
    for (const n of [0, 1]) await record(id, n);
    const [head] = await claim();
    await exhaust(head!, { ...facts, statusCode: 500 });
    const [next] = await claim();
    expect([next?.event?.data.n, next?.lastSequence]).toEqual([1, null]);
  });

  it('is due again when the process that claimed it has ended, and the late result of that process is not stored twice', async () => {
    await makeWebhook();
    await record(await account());
    const [lost] = await claim();
    await turnClock(opened.database.pool, '61 seconds');
    const [taken] = await claim();
    expect(taken?.id).toBe(lost!.id);
    await succeed(lost!);
    await succeed(taken!);
    await turnClock(opened.database.pool, '0 seconds');
    expect(await waiting()).toBe(0);
    expect(await claim()).toEqual([]);
  });

  it('keeps the delivery of the process that took it over, whatever the process before has found', async () => {
    await makeWebhook();
    const id = await account();
    for (const n of [0, 1]) await record(id, n);
    const [lost] = await claim();
    await turnClock(opened.database.pool, '61 seconds');
    const [taken] = await claim();
    const failed = { ...facts, statusCode: 500 };
    await exhaust(lost!, failed);
    await fail(lost!, failed);
    await succeed(taken!);
    await turnClock(opened.database.pool, '0 seconds');
    const { rows } = await opened.database.pool.query('select status, attempts from webhook_deliveries where id = $1', [
      taken!.id,
    ]);
    expect(rows).toEqual([{ status: 'succeeded', attempts: 1 }]);
  });

  it('is not claimed for a paused endpoint while its delivery is under way', async () => {
    const webhookId = await makeWebhook();
    await record(await account());
    const [running] = await claim();
    await opened.database.pool.query(`update webhooks set status = 'paused'`);
    expect(await claimOldest(opened.database.pool, webhookId)).toEqual([]);
    await fail(running!, facts);
    expect(await claimOldest(opened.database.pool, webhookId)).toMatchObject([{ id: running!.id, isPaused: true }]);
  });

  it('stores results of several lanes together, each by its own claim, also while an event is being recorded in one', async () => {
    await makeWebhook();
    const ids = [await account(), await account(), await account()];
    for (const [n, id] of ids.entries()) for (const m of [0, 1]) await record(id, n * 10 + m);
    const claimed = (await claim()).toSorted((one, other) => Number(one.event?.data.n) - Number(other.event?.data.n));
    const writer = await opened.database.pool.connect();
    await writer.query('begin');
    await recordEvent(writer, { ...tenant, accountId: ids[0]!, type: 'account.connected', data: { n: 2 } });
    const stored = storeResults(opened.database.pool, [
      { delivery: claimed[0]!, facts, status: 'succeeded', wait: null, counts: true },
      { delivery: claimed[1]!, facts, status: 'failed', wait: 60_000, counts: true },
      { delivery: { ...claimed[2]!, claim: newId() }, facts, status: 'exhausted', wait: null, counts: true },
    ]);
    await writer.query('commit');
    writer.release();
    await stored;
    const { rows } = await opened.database.pool.query(
      `select status, attempts from webhook_deliveries where id = any ($1) order by array_position($1, id)`,
      [claimed.map(({ id }) => id)],
    );
    expect(rows).toEqual([
      { status: 'succeeded', attempts: 1 },
      { status: 'failed', attempts: 1 },
      { status: 'delivering', attempts: 0 },
    ]);
    expect(numbers(await claim())).toEqual([1]);
  });

  it('finds an event that is recorded while the one before is being delivered, whichever transaction ends first', async () => {
    await makeWebhook();
    const id = await account();
    await record(id, 0);
    const [head] = await claim();
    const writer = await opened.database.pool.connect();
    await writer.query('begin');
    await recordEvent(writer, { ...tenant, accountId: id, type: 'account.connected', data: { n: 1 } });
    const stored = succeed(head!);
    await writer.query('commit');
    writer.release();
    await stored;
    expect(numbers(await claim())).toEqual([1]);
  });

  it('sends an event once more on request, with later events behind it', async () => {
    const webhookId = await makeWebhook();
    const id = await account();
    await record(id, 0);
    const [delivered] = await claim();
    await succeed(delivered!);
    expect(await requeue(opened.database.pool, webhookId, { deliveryId: delivered!.id })).toBe(1);
    expect(await requeue(opened.database.pool, webhookId, { deliveryId: delivered!.id })).toBe(0);
    const [again] = await claim();
    expect(again?.event?.id).toBe(delivered!.event?.id);
    expect(again?.id).not.toBe(delivered!.id);
  });
});
