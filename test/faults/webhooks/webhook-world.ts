import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { Keyring } from '#crypto';
import { Secret } from '#observability';
import { newId, recordEvent, type Tenant, transaction } from '#persistence';
import { Vault } from '#tokens';
import { entryOf } from '../../../tools/start/app-process.mjs';
import { freePort } from '../../../tools/start/ports.mjs';
import { makeAccount, makeTenant } from '../../support/rows.js';
import type { Databases } from '../world/databases.js';
import { openPool, retryQuery } from '../world/open-pool.js';
import { SupervisedProcess } from '../world/supervised-process.js';
import { Sink } from './sink.js';

export interface WebhookWorldOptions {
  databases: Databases;
  accounts: number;
  endpoints: number;
  workers: number;
  /** Of the waits between retries. */
  scale: number;
  /** A built tree with a defect, to run instead of the repository's. */
  root?: string | undefined;
}

/** Workers and an API over a database of their own, and the endpoints that they send to. */
export class WebhookWorld {
  readonly sink = new Sink();
  readonly workers: SupervisedProcess[] = [];
  readonly endpoints: string[] = [];
  api!: SupervisedProcess;
  accounts: string[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'evergrant-webhook-faults-'));
  readonly #masterKeys = `k1:${randomBytes(32).toString('base64')}`;
  readonly #logs: WriteStream[] = [];
  #tenant!: Tenant;

  private constructor(
    readonly options: WebhookWorldOptions,
    readonly databaseUrl: string,
    readonly pool: Pool,
  ) {}

  static async open(options: WebhookWorldOptions): Promise<WebhookWorld> {
    const databaseUrl = await options.databases.make();
    const world = new WebhookWorld(options, databaseUrl, openPool(databaseUrl));
    await world.#populate();
    for (let n = 1; n <= options.workers; n += 1) world.workers.push(await world.#process('worker', n));
    world.api = await world.#process('api', 1);
    await Promise.all([...world.workers, world.api].map((process) => process.start()));
    return world;
  }

  /** Records one event of each of these accounts in one transaction. False: it is not known whether it was committed. */
  async record(accounts: readonly string[]): Promise<boolean> {
    try {
      await transaction(this.pool, async (tx) => {
        for (const accountId of accounts.toSorted())
          await recordEvent(tx, { ...this.#tenant, accountId, type: 'account.connected' });
      });
      return true;
    } catch {
      return false;
    }
  }

  /** The number of deliveries that are not over. */
  async waiting(): Promise<number> {
    const sql = `select count(*)::int as count from webhook_deliveries where status in ('pending', 'delivering', 'failed')`;
    return (await retryQuery(() => this.pool.query<{ count: number }>(sql))).rows[0]?.count ?? 0;
  }

  async committed(): Promise<string[]> {
    return (await retryQuery(() => this.pool.query<{ id: string }>('select id from outbox'))).rows.map(({ id }) => id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.workers, this.api].map((process) => process.stop()));
    await this.pool.end();
    this.sink.close();
    for (const log of this.#logs) await new Promise((ended) => log.end(ended));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #populate(): Promise<void> {
    const { accounts, endpoints } = this.options;
    await this.sink.open();
    this.#tenant = await makeTenant(this.pool);
    for (let n = 0; n < accounts; n += 1) this.accounts.push(await makeAccount(this.pool, this.#tenant));
    // Neither refreshes nor probes take part.
    await this.pool.query(`update accounts set health = 'disconnected', disconnected_at = now()`);
    for (let n = 0; n < endpoints; n += 1) this.endpoints.push(await this.#makeEndpoint(`endpoint-${n}`));
  }

  async #makeEndpoint(name: string): Promise<string> {
    const { workspaceId, environment } = this.#tenant;
    const id = newId();
    const vault = new Vault(new Keyring(new Secret(this.#masterKeys)));
    await transaction(this.pool, async (tx) => {
      await tx.query(
        `insert into webhooks (id, workspace_id, environment, url, events) values ($1, $2, $3, $4, '{*}')`,
        [id, workspaceId, environment, this.sink.urlOf(name)],
      );
      const secret = new Secret(`whsec_${randomBytes(24).toString('base64')}`);
      await vault.sealWebhookSecrets(tx, { ...this.#tenant, id }, { secret, previous: null });
    });
    return name;
  }

  async #process(app: 'worker' | 'api', number: number): Promise<SupervisedProcess> {
    const name = `${app}-${number}`;
    const log = createWriteStream(join(this.#directory, `${name}.log`));
    this.#logs.push(log);
    const { root, scale } = this.options;
    const env = {
      PATH: process.env['PATH'],
      NODE_ENV: 'development',
      LOG_LEVEL: 'warn',
      EVERGRANT_HOME: this.#directory,
      DATABASE_URL: this.databaseUrl,
      MASTER_KEYS: this.#masterKeys,
      EXCHANGER_SOCKET: join(this.#directory, 'exchanger.sock'),
      WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8',
      WEBHOOK_RETRY_SCALE: String(scale),
      ...(app === 'api' && { PORT: String(await freePort()) }),
    };
    const entry = root === undefined ? entryOf(app) : join(root, 'dist/apps', app, 'src/main.js');
    return new SupervisedProcess({ name, entry, env: () => env, onLine: (line) => log.write(`${line}\n`) });
  }
}
