import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Pool } from 'pg';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import type { SeededGrant } from '../authorization-servers/contract.js';
import { type LoadedAccount, seedAccounts } from '../load/seed-accounts.js';
import type { Databases } from '../world/databases.js';
import { openPool } from '../world/open-pool.js';
import { PROVIDER } from '../world/product-environment.js';
import { InstantPlatform } from './instant-platform.js';
import { LoneExchanger } from './lone-exchanger.js';

const CLIENT = { id: 'evergrant', secret: 'the-secret-of-the-fault-test' };

/** A database with grants at an instant platform, and exchangers that are started one by one. */
export class LoneWorld {
  readonly platform = new InstantPlatform();
  readonly #exchangers: LoneExchanger[] = [];
  #url = '';
  accounts: LoadedAccount[] = [];

  private constructor(
    readonly pool: Pool,
    private readonly databaseUrl: string,
    private readonly masterKeys: string,
  ) {}

  static async open(databases: Databases, grants: number): Promise<LoneWorld> {
    const databaseUrl = await databases.make();
    const world = new LoneWorld(openPool(databaseUrl), databaseUrl, `k1:${randomBytes(32).toString('base64')}`);
    world.#url = await world.platform.open();
    const seeded = Array.from({ length: grants }, (_, number): SeededGrant => ({
      userId: `person-${number}`,
      accessToken: `first-access-${number}`,
      refreshToken: `first-refresh-${number}`,
      expiresIn: 7_200,
    }));
    const { accounts } = await seedAccounts({
      pool: world.pool,
      keyring: world.keyring,
      grants: seeded,
      provider: PROVIDER,
      mode: 'rotating_strict',
      client: CLIENT,
    });
    world.accounts = accounts;
    return world;
  }

  get keyring(): Keyring {
    return new Keyring(new Secret(this.masterKeys));
  }

  get url(): string {
    return this.#url;
  }

  exchanger(): LoneExchanger {
    const { databaseUrl, masterKeys } = this;
    const exchanger = new LoneExchanger({ databaseUrl, masterKeys }, this.#url);
    this.#exchangers.push(exchanger);
    return exchanger;
  }

  /** Makes these grants due, and their tokens old enough for a refresh. */
  async makeDue(grantIds: readonly string[]): Promise<void> {
    await this.pool.query(
      `update grants set refresh_due_at = db_now(), issued_at = db_now() - interval '2 hours' where id = any($1)`,
      [grantIds],
    );
  }

  async close(): Promise<void> {
    this.platform.close();
    for (const { directory, pid } of this.#exchangers) {
      if (pid > 0) stopNow(pid);
      rmSync(directory, { recursive: true, force: true });
    }
    await this.pool.end();
  }
}

function stopNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has exited.
  }
}
