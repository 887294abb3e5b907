import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { entryOf } from '../../../tools/start/app-process.mjs';
import { run } from '../../../tools/start/run.mjs';
import { redisIsHere } from '../../support/redis.js';
import { StrikablePostgres, StrikableRedis } from './servers.js';

const TEMPLATE = 'faults_template';

/** The servers of a whole run; each row gets a database of its own from them. */
export class Databases {
  private constructor(
    readonly postgres: StrikablePostgres,
    readonly redis: StrikableRedis | null,
    private readonly directory: string,
  ) {}

  static async start(): Promise<Databases> {
    const directory = mkdtempSync(join(tmpdir(), 'evergrant-faults-servers-'));
    const postgres = new StrikablePostgres(join(directory, 'postgres'));
    const redis = redisIsHere ? new StrikableRedis(directory) : null;
    await Promise.all([postgres.start(), redis?.start()]);
    const databases = new Databases(postgres, redis, directory);
    await databases.#asAdmin(`create database ${TEMPLATE}`);
    await run(process.execPath, [entryOf('cli'), 'migrate'], {
      env: { ...process.env, DATABASE_URL: databases.#urlOf(TEMPLATE) },
    });
    return databases;
  }

  get redisUrl(): string | null {
    return this.redis?.url ?? null;
  }

  /** A migrated database in which nothing is, and a Redis in which nothing is. */
  async make(): Promise<string> {
    const name = `faults_${randomBytes(6).toString('hex')}`;
    await this.#asAdmin(`create database ${name} template ${TEMPLATE}`);
    await this.redis?.flush();
    return this.#urlOf(name);
  }

  async stop(): Promise<void> {
    await Promise.all([this.postgres.stop(), this.redis?.stop()]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #urlOf(name: string): string {
    const url = new URL(this.postgres.url);
    url.pathname = name;
    return url.href;
  }

  async #asAdmin(sql: string): Promise<void> {
    const client = new pg.Client(this.postgres.url);
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
}
