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
 * the launcher is gone (its channel disconnects, also after `kill -9`).
 */
export async function runApp(options: RunAppOptions, start: () => Promise<Running>): Promise<void> {
  const { logger } = options;
  try {
    const running = await start();
    closeWhenTold(options, running);
    process.send?.('ready');
    logger.info('ready');
  } catch (error) {
    logger.fatal({ err: error }, 'could not start');
    process.exit(1);
  }
}

function closeWhenTold({ logger, closeWithin }: RunAppOptions, running: Running): void {
  let closing = false;
  const close = (why: string): void => {
    if (closing) return;
    closing = true;
    logger.info({ why }, 'closing');
    setTimeout(() => {
      logger.error('did not close in time');
      process.exit(1);
    }, closeWithin).unref();
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'could not close');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => { close('SIGTERM'); });
  process.once('SIGINT', () => { close('SIGINT'); });
  process.once('disconnect', () => { close('the launcher is gone'); });
}
