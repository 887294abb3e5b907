import type { Logger } from './logger.js';

/** What a process holds open; `close` lets running work end. */
export interface Running {
  close(): Promise<void>;
}

export interface RunAppOptions {
  logger: Logger;
  /** Milliseconds that `close` may take before the process leaves anyway. */
  closeWithin: number;
}

/**
 * The life of one process: start, tell the launcher `ready` over its channel, and close once on SIGTERM, SIGINT or when
 * the launcher is gone (its channel disconnects, also after `kill -9`), be it while still starting. A second signal does
 * not cut what the first one lets end; `closeWithin` does. A start that waits for something may end early by `leaving`.
 */
export async function runApp(options: RunAppOptions, start: (leaving: AbortSignal) => Promise<Running>): Promise<void> {
  const { logger } = options;
  const told = toldToClose();
  const leaving = new AbortController();
  void told.then((why) => {
    closingWithin(options, why);
    leaving.abort();
  });
  try {
    const running = await start(leaving.signal);
    void told.then(() => close(logger, running));
    process.send?.('ready', undefined, undefined, () => undefined);
    logger.info('ready');
  } catch (error) {
    if (leaving.signal.aborted) exit(logger, 0);
    logger.fatal({ err: error }, 'could not start');
    exit(logger, 1);
  }
}

function toldToClose(): Promise<string> {
  return new Promise((tell) => {
    process.on('SIGTERM', tell);
    process.on('SIGINT', tell);
    process.once('disconnect', () => {
      tell('the launcher is gone');
    });
  });
}

function closingWithin({ logger, closeWithin }: RunAppOptions, why: string): void {
  logger.info({ why }, 'closing');
  setTimeout(() => {
    logger.error('did not close in time');
    exit(logger, 1);
  }, closeWithin).unref();
}

async function close(logger: Logger, running: Running): Promise<void> {
  try {
    await running.close();
    exit(logger, 0);
  } catch (error) {
    logger.error({ err: error }, 'could not close');
    exit(logger, 1);
  }
}

/** The last line of every process: without it in a log, the process was killed. */
function exit(logger: Logger, code: number): never {
  logger.info({ code }, 'process.stopped');
  process.exit(code);
}
