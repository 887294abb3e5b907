import { NestFactory } from '@nestjs/core';
import { readWorkerConfig, seconds } from '#config';
import { createLogger, NestLogger, runApp, startTracing } from '#observability';
import { registerProviders } from '#providers';
import { WorkerModule } from './worker.module.js';

const logger = createLogger({ app: 'worker' });

// Longer than the longest wait of a job for an answer of a platform.
await runApp({ logger, closeWithin: seconds(150) }, async () => {
  const config = readWorkerConfig(process.env);
  logger.level = config.process.logLevel;
  await startTracing(config.tracing, { process: 'worker', logger });
  registerProviders(config.customProviders);
  const worker = WorkerModule.with(config, logger);
  return NestFactory.createApplicationContext(worker, { logger: new NestLogger(logger), abortOnError: false });
});
