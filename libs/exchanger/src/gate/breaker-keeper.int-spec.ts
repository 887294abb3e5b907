import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#observability';
import type { Tenant } from '#persistence/sql';
import { GateUnderTest } from '../../../../test/support/gate-under-test.js';
import { turnClock } from '../../../../test/support/database.js';
import { openMigratedDatabase, type OpenedDatabase } from '../../../../test/support/open-database.js';
import { makeApp, makeTenant } from '../../../../test/support/rows.js';
import { readRefusedSince } from '../store/breakers.js';
import { BreakerKeeper } from './breaker-keeper.js';

const logger = createLogger({ app: 'test', level: 'silent' });

let opened: OpenedDatabase;
let tenant: Tenant;
let appId: string;

beforeAll(async () => {
  opened = await openMigratedDatabase();
  tenant = await makeTenant(opened.database.pool);
});
afterAll(() => opened.close());
beforeEach(async () => {
  await turnClock(opened.database.pool, '0');
  appId = await makeApp(opened.database.pool, tenant);
});

interface Host {
  there: GateUnderTest;
  keeper: BreakerKeeper;
}

/** The gate of one host, kept in step with the table. */
async function host(): Promise<Host> {
  const there = new GateUnderTest();
  const keeper = new BreakerKeeper(there.gate, opened.database.pool, logger, there.clock);
  await keeper.start();
  await keeper.stop();
  return { there, keeper };
}

async function fail(there: GateUnderTest, how: 'temporary' | 'permanent' = 'temporary'): Promise<void> {
  for (let n = 0; n < 10; n += 1) await there.requestAndComplete(how, { appId });
}

const row = async (): Promise<object | undefined> =>
  (
    await opened.database.pool.query<object>(
      `select state, round(extract(epoch from probe_at - opened_at))::int as "probeAfter", opened_at is not null as opened,
       window_ok as ok, window_temp as temporary from breakers where oauth_app_id = $1`,
      [appId],
    )
  ).rows[0];

describe('the breakers of a host', () => {
  it('writes breakers when their state changes, with the reason, and not for every request', async () => {
    const { there, keeper } = await host();
    for (let n = 0; n < 5; n += 1) await there.requestAndComplete('ok', { appId });
    await keeper.stop();
    expect(await row()).toBeUndefined();
    await fail(there);
    await keeper.stop();
    expect(await row()).toEqual({ state: 'open', probeAfter: 30, opened: true, ok: 5, temporary: 10 });
    await there.clock.pass(30_000);
    for (let n = 0; n < 3; n += 1) await there.requestAndComplete('ok', { appId });
    await keeper.stop();
    expect(await row()).toMatchObject({ state: 'closed', opened: false });
  });

  it('reads breakers at the start after a crash, with their next probe', async () => {
    const before = await host();
    await fail(before.there);
    await before.keeper.stop();
    await turnClock(opened.database.pool, '20 seconds');
    const { there } = await host();
    expect(there.gate.isBreakerClosed(appId)).toBe(false);
    const { retryAfter } = there.rejectionOf(await there.request({ appId }))!;
    expect(retryAfter).toBeGreaterThan(5);
    expect(retryAfter).toBeLessThanOrEqual(10);
  });

  it('shares breakers between hosts, which close with the first that closes', async () => {
    const [here, other] = [await host(), await host()];
    await fail(here.there);
    await here.keeper.stop();
    await other.keeper.syncWithTable();
    expect(other.there.gate.isBreakerClosed(appId)).toBe(false);
    await here.there.clock.pass(30_000);
    const probe = await here.there.request({ appId });
    await here.keeper.stop();
    await other.there.clock.pass(30_000);
    await other.keeper.syncWithTable();
    expect(other.there.rejectionOf(await other.there.request({ appId }))?.retryAfter).toBeGreaterThan(100);
    await here.there.release(probe, 'ok');
    for (let n = 0; n < 2; n += 1) await here.there.requestAndComplete('ok', { appId });
    await here.keeper.stop();
    await other.keeper.syncWithTable();
    expect(other.there.gate.isBreakerClosed(appId)).toBe(true);
  });

  it('probes at once after a crash in the middle of a probe', async () => {
    const { there, keeper } = await host();
    await fail(there);
    await there.clock.pass(30_000);
    await there.request({ appId });
    await keeper.stop();
    expect(await row()).toMatchObject({ state: 'half_open' });
    const next = await host();
    const probe = await next.there.request({ appId });
    expect(next.there.admitted).toEqual([probe]);
  });

  it("closes breakers although the database's clock was turned back", async () => {
    const { there, keeper } = await host();
    await fail(there);
    await keeper.stop();
    await turnClock(opened.database.pool, '-3 hours');
    const next = await host();
    expect(next.there.rejectionOf(await next.there.request({ appId }))?.retryAfter).toBeLessThanOrEqual(300);
  });

  it('stores no breaker of a deleted app', async () => {
    const { there, keeper } = await host();
    await opened.database.pool.query('delete from oauth_apps where id = $1', [appId]);
    await fail(there);
    await keeper.syncWithTable();
    expect(await row()).toBeUndefined();
  });

  it('breakers are written later when the database is unavailable, and none is read meanwhile', async () => {
    const { there, keeper } = await host();
    await opened.database.pool.query('alter table breakers rename to hidden');
    await fail(there);
    await keeper.syncWithTable();
    expect(there.gate.isBreakerClosed(appId)).toBe(false);
    await opened.database.pool.query('alter table hidden rename to breakers');
    await keeper.syncWithTable();
    expect(there.gate.isBreakerClosed(appId)).toBe(false);
    expect(await row()).toMatchObject({ state: 'open' });
  });
});

describe('since when refusals have kept a breaker from closing', () => {
  /** That number of minutes ago, by the database; null: they have not. */
  const since = async (): Promise<number | null> => {
    const { rows } = await opened.database.pool.query<{ now: Date }>('select db_now() as now');
    const from = await readRefusedSince(opened.database.pool, appId);
    return from && Math.round((rows[0]!.now.getTime() - from.getTime()) / 60_000);
  };
  const at = (minutes: number): Promise<void> => turnClock(opened.database.pool, `${minutes} minutes`);
  const probe = async ({ there, keeper }: Host, met: 'ok' | 'temporary' | 'permanent' | 'spent'): Promise<void> => {
    await there.clock.pass(300_000);
    await there.requestAndComplete(met, { appId });
    await keeper.stop();
  };

  it('the start of refusals stays through probes that are refused or fail, until the breaker closes', async () => {
    const here = await host();
    await fail(here.there, 'permanent');
    await here.keeper.stop();
    expect(await since()).toBe(0);
    for (const [minutes, met] of [
      [50, 'permanent'],
      [100, 'temporary'],
    ] as const) {
      await at(minutes);
      await probe(here, met);
      expect(await since()).toBe(minutes);
    }
    for (let n = 0; n < 3; n += 1) await probe(here, 'ok');
    expect(await since()).toBeNull();
  });

  it('failures are not counted, and the time starts with the first refused probe after them', async () => {
    const here = await host();
    await fail(here.there);
    await here.keeper.stop();
    expect(await since()).toBeNull();
    await at(30);
    await probe(here, 'permanent');
    expect(await since()).toBe(0);
    await at(60);
    await probe(here, 'permanent');
    expect(await since()).toBe(30);
  });

  it('counts spent tokens, too, though they neither open nor close the breaker', async () => {
    const here = await host();
    await fail(here.there);
    await at(30);
    await probe(here, 'spent');
    expect(await since()).toBe(0);
    expect(await row()).toMatchObject({ state: 'half_open' });
    await at(80);
    await probe(here, 'spent');
    await at(130);
    expect(await since()).toBe(100);
  });

  it('starts again with the next probe after an hour without one', async () => {
    const here = await host();
    await fail(here.there, 'permanent');
    await here.keeper.stop();
    await at(70);
    expect(await since()).toBeNull();
    await probe(here, 'permanent');
    expect(await since()).toBe(0);
  });
});
