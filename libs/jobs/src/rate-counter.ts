import { Redis } from 'ioredis';
import type { Pool } from 'pg';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  type RateLimiterRes,
} from 'rate-limiter-flexible';
import { type Duration } from '#config';
import { type Logger, type Secret } from '#observability';
import { outageLog } from './outage-log.js';
import { type Count, PointBatches } from './point-batches.js';

export interface RateCounterOptions {
  pool: Pool;
  /** The counts are in Redis if this is set, otherwise in the database. */
  redisUrl?: Secret | undefined;
  /** The time after which a count starts again from zero. */
  window: Duration;
  logger: Logger;
  /** Requests that wait for the count of one key in the database; further ones get `database.busy`. Default: no limit. */
  mostWaiting?: number;
}

/** Higher than any count: the caller compares the count with its own limit. */
const NO_LIMIT = 2_000_000_000;
/** In milliseconds. A count that takes longer is made in memory instead. */
const REDIS_TIMEOUT: Duration = 300;

/** Counts for all processes together. While the store is unavailable each process counts alone and refuses no request for it. */
export class RateCounter {
  readonly #batches: PointBatches;

  constructor(
    limiter: RateLimiterAbstract,
    private readonly disconnect: () => void,
    private readonly check: () => Promise<unknown> = () => Promise.resolve(),
    mostWaiting = Infinity,
  ) {
    this.#batches = new PointBatches(
      async (key, points) => {
        const { consumedPoints, msBeforeNext }: RateLimiterRes = await limiter.consume(key, points);
        return { used: consumedPoints, resetIn: msBeforeNext };
      },
      undefined,
      mostWaiting,
    );
  }

  /** Rejects if the counts are in Redis and it does not answer. Counts in the database need no check here. */
  async ping(): Promise<void> {
    await this.check();
  }

  /** Counts one more use of the key; a use that is above the limit is to be refused. */
  count(key: string, limit: number): Promise<Count> {
    return this.#batches.count(key, limit);
  }

  /** Closes the connections of this counter. */
  close(): void {
    this.disconnect();
  }
}

/** Opens a counter in Redis or in the database. */
export function openRateCounter({ pool, redisUrl, window, logger, mostWaiting }: RateCounterOptions): RateCounter {
  const common = { points: NO_LIMIT, duration: window / 1_000, keyPrefix: '' };
  const insured = { ...common, insuranceLimiter: new RateLimiterMemory(common) };
  if (!redisUrl) {
    const table = { tableName: 'rate_limits', tableCreated: true };
    return new RateCounter(
      new RateLimiterPostgres({ ...insured, ...table, storeClient: pool, storeType: 'pool' }),
      () => undefined,
      undefined,
      mostWaiting,
    );
  }
  const redis = new Redis(redisUrl.reveal(), {
    keyPrefix: 'evergrant:rate:',
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: REDIS_TIMEOUT,
  });
  redis.on('error', outageLog(logger, 'rate counter'));
  const limiter = new RateLimiterRedis({ ...insured, storeClient: redis, rejectIfRedisNotReady: true });
  return new RateCounter(
    limiter,
    () => {
      redis.disconnect();
    },
    () => redis.ping(),
  );
}
