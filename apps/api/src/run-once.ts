import { createLogger, type Logger } from '#observability';

/**
 * The life of a process that does one thing and leaves: exit code 0 when `work` is done, 1 with one fatal line when it is
 * not. Logs go to stderr, so stdout is the answer's.
 */
export async function runOnce(app: string, work: (logger: Logger) => Promise<void>): Promise<void> {
  const logger = createLogger({ app, stream: 'stderr' });
  try {
    await work(logger);
  } catch (error) {
    logger.fatal({ err: error }, 'failed');
    // What was opened before it failed would keep the process for a while.
    process.exit(1);
  }
}
