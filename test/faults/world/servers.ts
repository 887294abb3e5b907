import { randomBytes } from 'node:crypto';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type PostgresServer, startPostgres } from '../../../tools/start/postgres.mjs';
import { signal } from '../../../tools/start/processes.mjs';
import { openTestRedis, type TestRedis } from '../../support/redis.js';

/** A PostgreSQL that can be stopped at once and started again at its old address, with all that it had committed. */
export class StrikablePostgres {
  readonly #password = randomBytes(16).toString('hex');
  #server!: PostgresServer;

  constructor(private readonly dataDir: string) {}

  get url(): string {
    return this.#server.url;
  }

  async start(port?: number): Promise<void> {
    const settings = { max_connections: '200' };
    this.#server = await startPostgres({
      dataDir: this.dataDir,
      password: this.#password,
      settings,
      ...(port && { port }),
    });
  }

  /** `pg_ctl stop -m immediate`: no checkpoint; recovery from the log at the next start. */
  async strike(away: number): Promise<void> {
    const { pid, port, exited } = this.#server;
    signal(pid, 'SIGQUIT');
    await exited;
    await sleep(away);
    await this.start(port);
  }

  /** As a failover to a standby that lost the last commits: the files return to their state of `behind` milliseconds ago. */
  async rollBack(behind: number): Promise<void> {
    const { port } = this.#server;
    const earlier = `${this.dataDir}-earlier`;
    await this.#server.stop();
    cpSync(this.dataDir, earlier, { recursive: true });
    await this.start(port);
    await sleep(behind);
    signal(this.#server.pid, 'SIGQUIT');
    await this.#server.exited;
    rmSync(this.dataDir, { recursive: true });
    renameSync(earlier, this.dataDir);
    await this.start(port);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}

/** A Redis without a disk: its data ends with it. */
export class StrikableRedis {
  #redis!: TestRedis;

  constructor(private readonly directory: string) {}

  get url(): string {
    return this.#redis.url;
  }

  async start(): Promise<void> {
    this.#redis = await openTestRedis(this.directory);
  }

  async strike(away: number): Promise<void> {
    await this.#redis.stop();
    await sleep(away);
    await this.#redis.start();
  }

  async flush(): Promise<void> {
    const client = new Redis(this.url, { maxRetriesPerRequest: 3 });
    client.on('error', () => undefined);
    try {
      await client.flushall();
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.#redis.stop();
  }
}
