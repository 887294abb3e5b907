import { readSandboxConfig, seconds } from '#config';
import { createLogger, runApp } from '#observability';
import { startSandbox } from './sandbox.js';

const logger = createLogger({ app: 'sandbox' });

await runApp({ logger, closeWithin: seconds(5) }, () => {
  const config = readSandboxConfig(process.env);
  logger.level = config.process.logLevel;
  const { host, port, url } = config.sandbox;
  return startSandbox({ home: config.home, host, port, url, logger });
});
