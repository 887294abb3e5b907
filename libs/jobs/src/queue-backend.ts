import { setTimeout as sleep } from 'node:timers/promises';
import { type Duration, seconds } from '#config';
import { type Logger, type Secret } from '#observability';
import { withDeadline } from './deadline.js';
import { JobQueue } from './job-queue.js';
import { openWorker, type WorkOptions } from './job-worker.js';
import { QueueUnavailableError } from './jobs.errors.js';
import { outageLog } from './outage-log.js';
import { PostgresDriver } from './postgres-driver.js';
import { type BullQueue, type BullWorker, type QueueDriver } from './queue-driver.js';
import { RedisDriver } from './redis-driver.js';

export interface QueueBackendOptions {
  databaseUrl: Secret;
  /** With it the queue lives in Redis, without it in the database. */
  redisUrl?: Secret | undefined;
  logger: Logger;
  /** Connections to PostgreSQL at most; each worker keeps one of them. */
  poolSize?: number;
}

const DISCONNECT_WITHIN: Duration = seconds(5);

/** The queue of this process, and the only place that knows where it lives. Opening it connects to nothing yet. */
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

  /** Throws a QueueUnavailableError when the queue does not answer within two seconds or is not migrated. */
  async ping(within: Duration = seconds(2)): Promise<void> {
    if (this.#closing) throw new QueueUnavailableError('The queue is closing.');
    const late = (): Error => new QueueUnavailableError(`The queue (${this.kind}) did not answer within ${within} ms.`);
    try {
      await withDeadline(this.driver.ping(), within, late);
    } catch (error) {
      if (error instanceof QueueUnavailableError) throw error;
      const why = error instanceof Error ? error.message : 'unknown';
      throw new QueueUnavailableError(`The queue (${this.kind}) cannot be used: ${why}`, { cause: error });
    }
  }

  /**
   * Resolves once the queue answers. Its last refusal is thrown when `within` milliseconds are over, after some seconds where
   * its host is not known, and at once where it refuses the login: waiting changes neither.
   */
  async waitUntilReady(within: Duration): Promise<void> {
    const begun = Date.now();
    for (;;) {
      try {
        await this.ping();
        return;
      } catch (error) {
        if (Date.now() - begun >= Math.min(within, patienceWith(error))) throw error;
        await sleep(500);
      }
    }
  }

  /** Takes jobs until the backend is closed. */
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
   * Takes no more jobs, lets the running ones end, and disconnects; after `within` milliseconds it leaves them to another
   * worker, which runs them again. What is asked of the queue from now on is refused (BullMQ would never answer).
   */
  close(within: Duration = seconds(140)): Promise<void> {
    this.#closing ??= this.#close(within);
    return this.#closing;
  }

  async #connect(): Promise<BullQueue> {
    if (this.#queue && !this.#closing) return this.#queue;
    // A queue made while its store is away stays broken (BullMQ remembers the first refusal), so ask first.
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
    const late = (): Error => new QueueUnavailableError('Jobs still ran when the time to close was over.');
    try {
      await withDeadline(Promise.all(this.#workers.map((worker) => worker.close())), within, late);
    } catch (error) {
      this.logger.warn({ err: error }, 'jobs are left to another worker');
      for (const worker of this.#workers) void worker.disconnect();
    }
    const disconnected = Promise.resolve(this.#queue?.close()).then(() => this.driver.disconnect());
    await withDeadline(disconnected, DISCONNECT_WITHIN, late).catch(() => undefined);
  }
}

const NAMED_WITHIN: Duration = seconds(4);
/** What Redis 6 and later, and the versions before, answer to a wrong or missing password, and to a user without rights. */
const LOGIN_REFUSED = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|AUTH |Client sent AUTH))/;

/** How long waiting may help, by why the queue cannot be used. PostgreSQL's own refusals were met when the database was opened. */
function patienceWith(error: unknown): Duration {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return Infinity;
  if (LOGIN_REFUSED.test(cause.message)) return 0;
  const code = 'code' in cause ? String(cause.code) : '';
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? NAMED_WITHIN : Infinity;
}

/** Opens the queue where the environment says it lives. */
export function openQueueBackend(options: QueueBackendOptions): QueueBackend {
  const { databaseUrl, redisUrl, logger, poolSize = 10 } = options;
  const onError = outageLog(logger, 'connection');
  const driver = redisUrl ? new RedisDriver(redisUrl, onError) : new PostgresDriver(databaseUrl, poolSize, onError);
  return new QueueBackend(driver, logger);
}

/** Prepares the queue's store and leaves; nothing to do where the queue lives in Redis. */
export async function migrateQueue(options: QueueBackendOptions): Promise<void> {
  const backend = openQueueBackend(options);
  try {
    await backend.migrate();
  } finally {
    await backend.close();
  }
}
