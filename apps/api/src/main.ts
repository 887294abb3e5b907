import { readApiConfig, seconds } from '#config';
import { createLogger, runApp } from '#observability';
import { createApp } from './create-app.js';
import { listen } from './listen.js';

const logger = createLogger({ app: 'api' });

await runApp({ logger, closeWithin: seconds(20) }, async () => {
  const config = readApiConfig(process.env);
  logger.level = config.process.logLevel;
  return listen(await createApp(config, logger), config);
});
