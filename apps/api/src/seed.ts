import { NestFactory } from '@nestjs/core';
import { readApiConfig } from '#config';
import { NestLogger, Secret } from '#observability';
import { runOnce } from './run-once.js';
import { SeedDevelopment } from './seed/seed-development.js';
import { SeedModule } from './seed/seed.module.js';

/** Prepares a development start; the one line on stdout is for the launcher. */
await runOnce('seed', async (logger) => {
  const config = readApiConfig(process.env);
  logger.level = config.process.logLevel;
  const given = process.env.SEED_TEST_API_KEY;
  const options = { abortOnError: false, logger: new NestLogger(logger) };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class.
  const context = await NestFactory.createApplicationContext(SeedModule.forRoot(config, logger), options);
  try {
    const { workspace, testApiKey } = await context.get(SeedDevelopment).execute(given ? new Secret(given) : undefined);
    process.stdout.write(`${JSON.stringify({ workspace, test_api_key: testApiKey.reveal() })}\n`);
  } finally {
    await context.close();
  }
});
