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

export interface RateCounterOptions {
  pool: Pool;
  /** With it the counts live in Redis, without it in the database. */
  redisUrl?: Secret | undefined;
  /** How long a count grows before it begins anew. */
  window: Duration;
  logger: Logger;
}

/** More than anybody can use up: what is too much is for the one who counts to say. */
const NO_LIMIT = 2_000_000_000;
/** A count that takes longer than this is made in memory instead. */
const REDIS_WITHIN: Duration = 300;

/** Counts for all processes together; while the store is away, each for itself, so that nobody is refused for it. */
export class RateCounter {
  constructor(
    private readonly limiter: RateLimiterAbstract,
    private readonly disconnect: () => void,
    private readonly ask: () => Promise<unknown> = () => Promise.resolve(),
  ) {}

  /** Rejects when the Redis that counts, which is the queue's, does not answer; where the database does, it says nothing. */
  async ping(): Promise<void> {
    await this.ask();
  }

  /** Counts one more use of the key: how many in this window, and in how many milliseconds the next one begins. */
  async count(key: string): Promise<{ used: number; resetIn: Duration }> {
    const { consumedPoints, msBeforeNext }: RateLimiterRes = await this.limiter.consume(key);
    return { used: consumedPoints, resetIn: msBeforeNext };
  }

  /** Lets go of connections of its own. */
  close(): void {
    this.disconnect();
  }
}

/** Counts in Redis or in the database, as the environment says. */
export function openRateCounter({ pool, redisUrl, window, logger }: RateCounterOptions): RateCounter {
  const common = { points: NO_LIMIT, duration: window / 1_000, keyPrefix: '' };
  const insured = { ...common, insuranceLimiter: new RateLimiterMemory(common) };
  if (!redisUrl) {
    const table = { tableName: 'rate_limits', tableCreated: true };
    return new RateCounter(
      new RateLimiterPostgres({ ...insured, ...table, storeClient: pool, storeType: 'pool' }),
      () => undefined,
    );
  }
  const redis = new Redis(redisUrl.reveal(), {
    keyPrefix: 'evergrant:rate:',
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: REDIS_WITHIN,
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
