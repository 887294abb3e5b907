import { sentenceOf } from './coded-error.js';
import type { Logger } from './logger.js';
import { stopTracing } from './tracing.js';

/** The open resources of a process. `close` waits for running work. */
export interface Running {
  close(): Promise<void>;
}

export interface RunAppOptions {
  logger: Logger;
  /** Milliseconds that `close` may take before the process exits anyway. */
  closeWithin: number;
}

interface CloseRequest {
  reason: string;
  /** The exit code after an orderly close. */
  code: number;
}

let requestClose: ((request: CloseRequest) => void) | undefined;

/**
 * Closes the process of `runApp` as a signal does, with exit code 1: it cannot do its work any more, and a supervisor that starts
 * it again shows the reason. Without `runApp`, as in a test, it does nothing.
 */
export function closeProcess(reason: string): void {
  requestClose?.({ reason, code: 1 });
}

/**
 * Runs one process: starts it, sends `ready` (or why it cannot start) to the launcher over its channel, and closes it once on SIGTERM, on SIGINT or
 * when the launcher is gone (its channel disconnects, also after `kill -9`), even during the start. A second signal does not
 * interrupt the close; `closeWithin` limits it. A start that waits may end early by the signal `leaving`.
 */
export async function runApp(options: RunAppOptions, start: (leaving: AbortSignal) => Promise<Running>): Promise<void> {
  const { logger } = options;
  const closeRequested = waitForCloseRequest();
  const leaving = new AbortController();
  void closeRequested.then(({ reason }) => {
    limitClose(options, reason);
    leaving.abort();
  });
  try {
    const running = await start(leaving.signal);
    void closeRequested.then(({ code }) => close(logger, running, code));
    void send('ready');
    logger.info('process.ready');
  } catch (error) {
    if (leaving.signal.aborted) exit(logger, 0);
    logger.fatal({ err: error }, 'process.start_failed');
    await send({ startFailed: sentenceOf(error) });
    exit(logger, 1);
  }
}

/** Resolves when the launcher has the message, also where there is none or its channel is closed. */
const send = (message: unknown): Promise<void> =>
  new Promise((resolve) => {
    if (!process.connected) resolve();
    else
      process.send?.(message, undefined, undefined, () => {
        resolve();
      });
  });

function waitForCloseRequest(): Promise<CloseRequest> {
  return new Promise((resolve) => {
    const onSignal = (reason: string): void => {
      resolve({ reason, code: 0 });
    };
    requestClose = resolve;
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    process.once('disconnect', () => {
      resolve({ reason: 'launcher disconnected', code: 0 });
    });
  });
}

function limitClose({ logger, closeWithin }: RunAppOptions, reason: string): void {
  logger.info({ reason }, 'process.closing');
  setTimeout(() => {
    logger.error('process.close_timed_out');
    exit(logger, 1);
  }, closeWithin).unref();
}

async function close(logger: Logger, running: Running, code: number): Promise<void> {
  try {
    await running.close();
    await stopTracing();
    exit(logger, code);
  } catch (error) {
    logger.error({ err: error }, 'process.close_failed');
    exit(logger, 1);
  }
}

/** Writes the last log line of every process: a log without it shows that the process was killed. */
function exit(logger: Logger, code: number): never {
  logger.info({ code }, 'process.stopped');
  process.exit(code);
}
