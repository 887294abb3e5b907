import { type ExchangerConfig, makeFolder, seconds } from '#config';
import { type Logger, Metrics, type Running, settingError } from '#observability';
import { ExchangeEngine } from './exchange/exchange-engine.js';
import { openExchanger, type OpenedExchanger } from './open-exchanger.js';
import { ExchangeServer } from './server/exchange-server.js';
import type { CrashPoint } from './exchanger-context.js';
import { access, constants, statfs } from 'node:fs/promises';

/** Grants with an unknown outcome are retried at this pace without worker and queue: the sweep comes too late for some grace periods. */
const RESEND_INTERVAL = seconds(1);
const REVOCATION_INTERVAL = seconds(3);

/** Takes the journal and listens. What the previous process left in the journal is settled beside other work. */
export async function startExchanger(config: ExchangerConfig, logger: Logger, leaving: AbortSignal): Promise<Running> {
  const { journalDir, calls } = config.exchanger;
  const journalLasts = await openFolder(journalDir);
  logger.info({ journalDir }, 'journal.opened');
  if (!journalLasts) logger.warn({ journalDir }, 'journal.not_persistent');
  const metrics = new Metrics({ process: 'exchanger', sources: ['exchanges', 'journal', 'profiles'] });
  const opened = await open(config, { metrics, logger, leaving });
  const { journal } = opened.context;
  const exchange = new ExchangeEngine(opened.context);
  const { done } = await exchange.recover(opened.unsettled, opened.isOwn);
  done.catch((error: unknown) => {
    logger.error({ err: error }, 'recovery.failed');
  });
  const server = new ExchangeServer({
    exchange,
    logger,
    inFlight: calls,
    journal: () => ({ journalWritable: journal.writable(), journalLasts }),
    metrics: () => metrics.text(),
  });
  await server.listen(config.exchangerSocket).catch((error: unknown) => {
    throw settingError('EXCHANGER_SOCKET', error);
  });
  logger.info({ socket: config.exchangerSocket }, 'exchanger.listening');
  const stopRetries = retryRegularly(exchange, logger);
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
function retryRegularly(exchange: ExchangeEngine, logger: Logger): () => void {
  const resends = setInterval(() => {
    exchange.retryUnknown().catch((error: unknown) => {
      logger.warn({ err: error }, 'unknown_outcomes.not_read');
    });
  }, RESEND_INTERVAL);
  const lostCommits = setInterval(() => {
    exchange.restoreLostCommits().catch((error: unknown) => {
      logger.warn({ err: error }, 'kept_answers.not_compared');
    });
  }, RESEND_INTERVAL);
  const revocations = setInterval(() => {
    exchange.revokeDue().catch((error: unknown) => {
      logger.warn({ err: error }, 'revocations.not_read');
    });
  }, REVOCATION_INTERVAL);
  return () => {
    clearInterval(resends);
    clearInterval(lostCommits);
    clearInterval(revocations);
  };
}

/** Kills this process at a crash point (`W3`), or when it is there for the fifth time (`W3:5`). */
function crashAt(where: string): (point: CrashPoint) => void {
  const [crashPoint, times = '1'] = where.split(':');
  let passages = 0;
  return (point) => {
    if (point === crashPoint && ++passages === Number(times)) process.kill(process.pid, 'SIGKILL');
  };
}

/** File systems that do not survive the container or a power cut (statfs(2)): overlayfs, tmpfs, ramfs. */
const PASSING = new Set([0x794c7630, 0x01021994, 0x858458f6]);

/** Makes the folder of the journal. Returns whether its files survive the container, as far as its file system shows. */
async function openFolder(folder: string): Promise<boolean> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
    const { type } = await statfs(folder);
    return !PASSING.has(type);
  } catch (error) {
    throw settingError('JOURNAL_DIR', error);
  }
}
