import { readApiConfig, seconds } from '#config';
import { createLogger, runApp, startTracing } from '#observability';
import { registerProviders } from '#providers';
import { createApp } from './create-app.js';
import { listen } from './listen.js';

const logger = createLogger({ app: 'api' });

// Requests end in seconds; a code or a one-time token that was sent is waited for as long as its platform may take.
await runApp({ logger, closeWithin: seconds(150) }, async () => {
  const config = readApiConfig(process.env);
  logger.level = config.process.logLevel;
  await startTracing(config.tracing, { process: 'api', logger });
  registerProviders(config.customProviders);
  return listen(await createApp(config, logger), config, logger);
});
