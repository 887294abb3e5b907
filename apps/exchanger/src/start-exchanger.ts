import { type ExchangerConfig, seconds } from '#config';
import { type Logger, Metrics, type Running } from '#observability';
import { ExchangeServer, InProcessExchange, openRoom } from '#tokens';
import { crashAt } from './crash-at.js';
import { isLasting } from './lasting.js';

/** How often it looks for itself whether an outcome is unknown: the sweep that needs a worker and a queue comes too late for some graces. */
const ASK_EVERY = seconds(3);

/** Takes the journal, settles what a process before this one left in it, and only then listens. */
export async function startExchanger(config: ExchangerConfig, logger: Logger, leaving: AbortSignal): Promise<Running> {
  const { journalDir, calls, crashAt: where } = config.exchanger;
  const journalLasts = await isLasting(journalDir);
  logger.info({ journalDir }, 'the journal');
  if (!journalLasts) logger.warn({ journalDir }, 'the journal goes with this container: put JOURNAL_DIR on a volume');
  const metrics = new Metrics({ process: 'exchanger', sources: ['exchanges', 'journal'] });
  const opened = await openRoom({
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
  const { room } = opened;
  const exchange = new InProcessExchange(room);
  await exchange.recover(opened.unsettled);
  const journal = (): { journalWritable: boolean; journalLasts: boolean } => ({
    journalWritable: room.journal.writable(),
    journalLasts,
  });
  const server = new ExchangeServer({ exchange, logger, inFlight: calls, journal, metrics: () => metrics.text() });
  await server.listen(config.exchangerSocket);
  logger.info({ socket: config.exchangerSocket }, 'listening');
  const asking = setInterval(() => {
    exchange.askUnknown().catch((error: unknown) => {
      logger.warn({ err: error }, 'unknown outcomes could not be read');
    });
  }, ASK_EVERY);
  return {
    close: async () => {
      clearInterval(asking);
      opened.letNobodyIn();
      await server.drain();
      await exchange.drain();
      await opened.close();
    },
  };
}
