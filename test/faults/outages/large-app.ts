import { afterEach, beforeEach } from '@jest/globals';
import { openTestDatabase } from '../../support/database.js';
import { populateOneApp } from './population.js';
import { seededRandom } from './seeded-random.js';
import { VirtualEngine } from './virtual-engine.js';

/** Seconds. */
export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** With this total, the largest app has just enough accounts for a breaker. */
export const FEW_ACCOUNTS = 22;

/** One large app in a virtual engine, with a new database for each test. */
export class LargeApp {
  #engine: VirtualEngine | undefined;

  static forEachTest(): LargeApp {
    const app = new LargeApp();
    let close: () => Promise<void>;
    beforeEach(async () => {
      const database = await openTestDatabase();
      const engine = await VirtualEngine.open(database.url, seededRandom(1));
      app.#engine = engine;
      close = async () => {
        await engine.close();
        await database.close();
      };
    });
    afterEach(() => close());
    return app;
  }

  get engine(): VirtualEngine {
    if (!this.#engine) throw new Error('the engine opens before the first test');
    return this.#engine;
  }

  /** Creates the accounts: `dueNow` grants are due now, the others in five minutes. Returns the ids of all grants. */
  async populate(accounts: number, dueNow = accounts): Promise<string[]> {
    const { context, platform } = this.engine;
    await populateOneApp(context, platform, accounts);
    const { rows } = await context.pool.query<{ id: string }>(
      `update grants set refresh_due_at = db_now() + case when id in (select id from grants order by id limit $1)
         then interval '0' else interval '5 minutes' end returning id`,
      [dueNow],
    );
    return rows.map(({ id }) => id);
  }

  /** The accounts by health: how many there are, and how many events of a revocation they have. */
  async accounts(): Promise<object[]> {
    const { rows } = await this.engine.context.pool.query<object>(
      `select health, health_reason as reason, count(*)::int,
         sum((select count(*) from account_events event
           where event.account_id = accounts.id and event.type = 'connection.revoked'))::int as revocations
       from accounts group by 1, 2 order by 1, 2`,
    );
    return rows;
  }

  /** The state of each breaker. */
  async breakers(): Promise<string[]> {
    const { rows } = await this.engine.context.pool.query<{ state: string }>('select state from breakers');
    return rows.map(({ state }) => state);
  }
}
