import type { FactoryProvider } from '@nestjs/common';
import { type ApiConfig, seconds } from '#config';
import { openRateCounter, RateCounter } from '#jobs';
import { type Logger, LOGGER } from '#observability';
import { Database } from '#persistence';
import { API_CONFIG } from '../api-config.js';
import { WINDOW_SECONDS } from './rate-limits.js';

/** One count for all API processes, wherever the queue lives. */
export const rateCounter: FactoryProvider<RateCounter> = {
  provide: RateCounter,
  inject: [API_CONFIG, Database, LOGGER],
  useFactory: (config: ApiConfig, { pool }: Database, logger: Logger) =>
    openRateCounter({ pool, redisUrl: config.queue.redisUrl, window: seconds(WINDOW_SECONDS), logger }),
};
