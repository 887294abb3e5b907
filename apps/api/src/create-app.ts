import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AccountsOptions, exchangerAt } from '#accounts';
import type { ApiConfig } from '#config';
import { type Logger, Metrics, NestLogger } from '#observability';
import { ApiModule } from './api.module.js';
import { serveDocs } from './docs/openapi.js';
import { AddressCounts } from './http/address-counts.js';
import { httpAdapter } from './http/adapter.js';
import { AddressLimit, limitUnguarded } from './http/rate-limit.js';

/** The whole API, ready to listen. */
export async function createApp(
  config: ApiConfig,
  logger: Logger,
  exchanger: AccountsOptions['exchanger'] = exchangerAt(config.exchangerSocket),
): Promise<NestFastifyApplication> {
  const options = { bodyParser: false, abortOnError: false, logger: new NestLogger(logger) };
  const metrics = new Metrics({
    process: 'api',
    sources: ['exchanger', 'database', 'requests', 'profiles', ...(config.queue.redisUrl ? (['queue'] as const) : [])],
  });
  const counts = new AddressCounts(config.limits.publicPerMinute);
  const root = ApiModule.forRoot({ config, logger, metrics, exchanger, counts });
  const app = await NestFactory.create<NestFastifyApplication>(
    root,
    httpAdapter({ config, logger, metrics, counts }),
    options,
  );
  limitUnguarded(app.getHttpAdapter().getInstance(), app.get(AddressLimit, { strict: false }));
  serveDocs(app, config.http.publicUrl);
  await app.init();
  return app;
}
