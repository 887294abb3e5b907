import { NestFactory } from '@nestjs/core';
import { readSeedConfig } from '#config';
import { NestLogger } from '#observability';
import { runOnce } from './run-once.js';
import { SeedDevelopment } from './seed/seed-development.js';
import { SeedModule } from './seed/seed.module.js';

/** Prepares a development start; the one line on stdout is for the launcher. */
await runOnce('seed', async (logger) => {
  const config = readSeedConfig(process.env);
  logger.level = config.process.logLevel;
  const options = { abortOnError: false, logger: new NestLogger(logger) };
  const context = await NestFactory.createApplicationContext(SeedModule.forRoot(config, logger), options);
  try {
    const { workspace, testApiKey } = await context.get(SeedDevelopment).execute(config.seed.testApiKey);
    process.stdout.write(`${JSON.stringify({ workspace, test_api_key: testApiKey.reveal() })}\n`);
  } finally {
    await context.close();
  }
});
