import { setTimeout as sleep } from 'node:timers/promises';
import { type Duration, seconds, withTimeout } from '#config';
import { type Logger, type Secret } from '#observability';
import { JobQueue } from './job-queue.js';
import { openWorker, type WorkOptions } from './job-worker.js';
import { QueueUnavailableError } from './jobs.errors.js';
import { outageLog } from './outage-log.js';
import { PostgresDriver } from './postgres-driver.js';
import { type BullQueue, type BullWorker, type QueueDriver } from './queue-driver.js';
import { RedisDriver } from './redis-driver.js';

export interface QueueBackendOptions {
  databaseUrl: Secret;
  /** The queue is in Redis if this is set, otherwise in the database. */
  redisUrl?: Secret | undefined;
  logger: Logger;
  /** Maximum number of connections to PostgreSQL. Each worker keeps one of them. */
  poolSize?: number;
}

const DISCONNECT_TIMEOUT: Duration = seconds(5);

/** The queue of this process, and the only place that depends on its store. Opening it makes no connection yet. */
export class QueueBackend {
  readonly #jobs = new JobQueue(() => this.#connect());
  readonly #workers: BullWorker[] = [];
  #queue?: BullQueue;
  #closing?: Promise<void>;

  constructor(
    private readonly driver: QueueDriver,
    private readonly logger: Logger,
  ) {}

  get kind(): 'postgres' | 'redis' {
    return this.driver.kind;
  }

  queue(): JobQueue {
    return this.#jobs;
  }

  /** Throws a QueueUnavailableError if the queue does not answer within two seconds or is not migrated. */
  async ping(within: Duration = seconds(2)): Promise<void> {
    if (this.#closing) throw new QueueUnavailableError('The queue is closing.');
    const late = (): never => {
      throw new QueueUnavailableError(`The queue (${this.kind}) did not answer within ${within} ms.`);
    };
    try {
      await withTimeout(this.driver.ping(), within, late);
    } catch (error) {
      if (error instanceof QueueUnavailableError) throw error;
      const why = error instanceof Error ? error.message : 'unknown';
      throw new QueueUnavailableError(`The queue (${this.kind}) cannot be used: ${why}`, { cause: error });
    }
  }

  /**
   * Resolves once the queue answers. Throws the last error after `within` milliseconds, after four seconds if the host name
   * is unknown, and at once if the store refuses the login: more time changes neither.
   */
  async waitUntilReady(within: Duration): Promise<void> {
    const start = Date.now();
    for (;;) {
      try {
        await this.ping();
        return;
      } catch (error) {
        if (Date.now() - start >= Math.min(within, maxWaitAfter(error))) throw error;
        await sleep(500);
      }
    }
  }

  /** Takes jobs until the backend closes. */
  async work(options: WorkOptions): Promise<void> {
    await this.ping();
    const worker = openWorker(this.driver, options, outageLog(this.logger, 'worker'));
    this.#workers.push(worker);
    await worker.waitUntilReady();
  }

  /** Prepares the store for this version of the queue. */
  async migrate(): Promise<void> {
    await this.driver.migrate();
  }

  /**
   * Takes no more jobs, waits for the running ones, and disconnects. After `within` milliseconds it leaves them to another
   * worker, which runs them again. Later calls of the queue are refused (BullMQ would never answer).
   */
  close(within: Duration = seconds(140)): Promise<void> {
    this.#closing ??= this.#close(within);
    return this.#closing;
  }

  async #connect(): Promise<BullQueue> {
    if (this.#queue && !this.#closing) return this.#queue;
    // A queue opened while its store is unavailable never recovers (BullMQ keeps the first error), so ping first.
    await this.ping();
    this.#queue ??= this.#openQueue();
    return this.#queue;
  }

  #openQueue(): BullQueue {
    const queue = this.driver.openQueue();
    queue.on('error', outageLog(this.logger, 'queue'));
    return queue;
  }

  async #close(within: Duration): Promise<void> {
    const late = (): never => {
      throw new QueueUnavailableError('Jobs still ran when the time to close was over.');
    };
    try {
      await withTimeout(Promise.all(this.#workers.map((worker) => worker.close())), within, late);
    } catch (error) {
      this.logger.warn({ err: error }, 'queue.jobs_released');
      for (const worker of this.#workers) void worker.disconnect();
    }
    const disconnected = Promise.resolve(this.#queue?.close()).then(() => this.driver.disconnect());
    await withTimeout(disconnected, DISCONNECT_TIMEOUT, late).catch(() => undefined);
  }
}

const MAX_WAIT_FOR_HOST: Duration = seconds(4);
/** The answers of Redis, before and since version 6, to a wrong or missing password and to a user without permission. */
const LOGIN_REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|AUTH |Client sent AUTH))/;

/** How long a wait may help after an error. Errors of PostgreSQL itself occur earlier, when the database opens. */
function maxWaitAfter(error: unknown): Duration {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return Infinity;
  if (LOGIN_REFUSED.test(cause.message)) return 0;
  const code = 'code' in cause ? String(cause.code) : '';
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? MAX_WAIT_FOR_HOST : Infinity;
}

/** Opens the queue in the store that the environment names. */
export function openQueueBackend(options: QueueBackendOptions): QueueBackend {
  const { databaseUrl, redisUrl, logger, poolSize = 10 } = options;
  const onError = outageLog(logger, 'connection');
  const driver = redisUrl ? new RedisDriver(redisUrl, onError) : new PostgresDriver(databaseUrl, poolSize, onError);
  return new QueueBackend(driver, logger);
}

/** Prepares the queue's store and disconnects. A queue in Redis needs no preparation. */
export async function migrateQueue(options: QueueBackendOptions): Promise<void> {
  const backend = openQueueBackend(options);
  try {
    await backend.migrate();
  } finally {
    await backend.close();
  }
}
