import { assertSchemaCompatibility, createPostgresBackend, type Processor, Queue, runMigrations, Worker } from 'bullmq';
import pg from 'pg';
import { seconds } from '#config';
import { type Secret } from '#observability';
import { DelayingPool } from './delaying-pool.js';
import { type BullQueue, type BullWorker, type BullWorkerOptions, QUEUE, type QueueDriver } from './queue-driver.js';

/** The schema of BullMQ's tables. The search_path of a pool for BullMQ must be this schema. */
const SCHEMA = 'bullmq';

/** BullMQ on PostgreSQL. Queue and workers share one pool: a pool for each exhausts the connections of the server. */
export class PostgresDriver implements QueueDriver {
  readonly kind = 'postgres';
  readonly #pool: pg.Pool;

  constructor(databaseUrl: Secret, poolSize: number, onError: (error: unknown) => void) {
    this.#pool = new DelayingPool({
      connectionString: withSearchPath(databaseUrl.reveal()),
      application_name: QUEUE,
      max: poolSize,
      keepAlive: true,
      connectionTimeoutMillis: seconds(5),
    });
    this.#pool.setMaxListeners(0);
    this.#pool.on('error', onError);
  }

  async ping(): Promise<void> {
    await assertSchemaCompatibility(this.#pool, SCHEMA);
  }

  async migrate(): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  }

  openQueue(): BullQueue {
    return new Queue(QUEUE, { connection: this.#pool }, createPostgresBackend);
  }

  openWorker(processor: Processor, options: BullWorkerOptions): BullWorker {
    return new Worker(QUEUE, processor, { ...options, connection: this.#pool }, createPostgresBackend);
  }

  async disconnect(): Promise<void> {
    await this.#pool.end();
  }
}

/** Adds the search path to the server options of the URL (`?options=`). */
function withSearchPath(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const options = [url.searchParams.get('options'), `-c search_path=${SCHEMA}`];
  url.searchParams.set('options', options.filter(Boolean).join(' '));
  return url.href;
}
