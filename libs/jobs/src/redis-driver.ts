import { createRedisBackend, type Processor, Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { type Secret } from '#observability';
import { type BullQueue, type BullWorker, type BullWorkerOptions, QUEUE, type QueueDriver } from './queue-driver.js';

/** The braces keep all keys of the queue in one slot of a Redis cluster. */
const PREFIX = '{evergrant}';

/** A producer gets an error within a second when Redis is unavailable. A consumer waits for Redis without a limit. */
const PRODUCER: RedisOptions = { maxRetriesPerRequest: 3, lazyConnect: true };
const CONSUMER: RedisOptions = { maxRetriesPerRequest: null };

/** BullMQ on Redis or Valkey, through ioredis. */
export class RedisDriver implements QueueDriver {
  readonly kind = 'redis';
  readonly #url: Secret;
  readonly #onError: (error: unknown) => void;
  readonly #connections: Redis[] = [];
  readonly #producer: Redis;
  /** The error of the last connection, until a connection is ready. */
  #connectionError: unknown;

  constructor(redisUrl: Secret, onError: (error: unknown) => void) {
    this.#url = redisUrl;
    this.#onError = onError;
    this.#producer = this.#connect(PRODUCER);
  }

  /** The error that ioredis throws does not give the cause; the error of the connection does. */
  async ping(): Promise<void> {
    try {
      await this.#producer.ping();
    } catch (error) {
      throw this.#connectionError ?? error;
    }
  }

  async migrate(): Promise<void> {
    // Redis has no schema to prepare. BullMQ loads its scripts itself.
  }

  openQueue(): BullQueue {
    return new Queue(QUEUE, { connection: this.#producer, prefix: PREFIX }, createRedisBackend);
  }

  openWorker(processor: Processor, options: BullWorkerOptions): BullWorker {
    const connection = this.#connect(CONSUMER);
    return new Worker(QUEUE, processor, { ...options, connection, prefix: PREFIX }, createRedisBackend);
  }

  disconnect(): Promise<void> {
    for (const connection of this.#connections) connection.disconnect();
    return Promise.resolve();
  }

  #connect(options: RedisOptions): Redis {
    const connection = new Redis(this.#url.reveal(), options);
    connection.on('error', (error: unknown) => {
      this.#connectionError = error;
      this.#onError(error);
    });
    connection.on('ready', () => {
      this.#connectionError = undefined;
    });
    this.#connections.push(connection);
    return connection;
  }
}
