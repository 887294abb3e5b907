import { type ExchangerConfig, seconds } from '#config';
import { type Logger, Metrics, type Running } from '#observability';
import { crashAt } from './crash-at.js';
import { InProcessExchange } from './exchange/in-process-exchange.js';
import { isLasting } from './lasting.js';
import { openExchanger, type OpenedExchanger } from './open-exchanger.js';
import { ExchangeServer } from './server/exchange-server.js';

/** Grants with an unknown outcome are retried at this pace without worker and queue: the sweep comes too late for some grace periods. */
const UNKNOWN_RETRY_INTERVAL = seconds(3);

/** Takes the journal, settles what the previous process left in it, and only then listens. */
export async function startExchanger(config: ExchangerConfig, logger: Logger, leaving: AbortSignal): Promise<Running> {
  const { journalDir, calls } = config.exchanger;
  const journalLasts = await isLasting(journalDir);
  logger.info({ journalDir }, 'the journal');
  if (!journalLasts) logger.warn({ journalDir }, 'the journal goes with this container: put JOURNAL_DIR on a volume');
  const metrics = new Metrics({ process: 'exchanger', sources: ['exchanges', 'journal'] });
  const opened = await open(config, { metrics, logger, leaving });
  const { journal } = opened.context;
  const exchange = new InProcessExchange(opened.context);
  await exchange.recover(opened.unsettled);
  const server = new ExchangeServer({
    exchange,
    logger,
    inFlight: calls,
    journal: () => ({ journalWritable: journal.writable(), journalLasts }),
    metrics: () => metrics.text(),
  });
  await server.listen(config.exchangerSocket);
  logger.info({ socket: config.exchangerSocket }, 'listening');
  const stopRetries = retryUnknown(exchange, logger);
  return {
    close: async () => {
      stopRetries();
      opened.closeGate();
      await server.drain();
      await exchange.drain();
      await opened.close();
    },
  };
}

function open(
  config: ExchangerConfig,
  { metrics, logger, leaving }: { metrics: Metrics; logger: Logger; leaving: AbortSignal },
): Promise<OpenedExchanger> {
  const { journalDir, crashAt: where } = config.exchanger;
  return openExchanger({
    ...config.database,
    masterKeys: config.masterKeys,
    sandboxUrl: config.sandbox.url,
    customProviders: config.customProviders,
    metrics,
    journalDir,
    gate: config.gate,
    name: 'exchanger',
    logger,
    signal: leaving,
    at: where === undefined ? undefined : crashAt(where),
  });
}

/** Returns the function that ends it. */
function retryUnknown(exchange: InProcessExchange, logger: Logger): () => void {
  const timer = setInterval(() => {
    exchange.askUnknown().catch((error: unknown) => {
      logger.warn({ err: error }, 'unknown outcomes could not be read');
    });
  }, UNKNOWN_RETRY_INTERVAL);
  return () => {
    clearInterval(timer);
  };
}
