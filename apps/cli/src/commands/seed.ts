import type { Command } from 'commander';
import { readSeedConfig } from '#config';
import { type Logger, NestLogger } from '#observability';
import { runOnce } from '../run-once.js';

/** `seed`: prepares a development start. The one line on stdout is JSON, for `npm start`. */
export function addSeed(program: Command): void {
  program
    .command('seed')
    .description(
      'Makes the workspace "default" with a test key, and an OAuth app at each imitated platform; prints the key. Reads DATABASE_URL, MASTER_KEYS, PUBLIC_URL, SANDBOX_URL and API_KEY_PREFIX, and the key of an earlier start from SEED_TEST_API_KEY.',
    )
    .action(() => runOnce('seed', seed));
}

async function seed(logger: Logger): Promise<void> {
  const config = readSeedConfig(process.env);
  logger.level = config.process.logLevel;
  // Loaded here, because the other commands start two seconds earlier without Nest and the use cases.
  const { NestFactory } = await import('@nestjs/core');
  const { SeedDevelopment, SeedModule } = await import('../seed/seed-development.js');
  const options = { abortOnError: false, logger: new NestLogger(logger) };
  const context = await NestFactory.createApplicationContext(SeedModule.forRoot(config, logger), options);
  try {
    const { workspace, testApiKey } = await context.get(SeedDevelopment).execute(config.seed.testApiKey);
    process.stdout.write(`${JSON.stringify({ workspace, test_api_key: testApiKey.reveal() })}\n`);
  } finally {
    await context.close();
  }
}
