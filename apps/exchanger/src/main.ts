import { readExchangerConfig, seconds } from '#config';
import { createLogger, runApp, startTracing } from '#observability';
import { startExchanger } from '#exchanger';

const logger = createLogger({ app: 'exchanger' });

// Longer than a platform is waited for: giving up on a rotation is losing a token.
await runApp({ logger, closeWithin: seconds(125) }, async (leaving) => {
  const config = readExchangerConfig(process.env);
  logger.level = config.process.logLevel;
  await startTracing(config.tracing, { process: 'exchanger', logger });
  return startExchanger(config, logger, leaving);
});
