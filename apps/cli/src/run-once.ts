import { createLogger, type Logger, sentenceOf } from '#observability';

/**
 * Runs the work of a command: exit code 0 when it is done, 1 with one sentence on stderr when it fails, and with the stack in a
 * log line from LOG_LEVEL debug on. Logs go to stderr; stdout carries only the command's result.
 */
export async function runOnce(name: string, work: (logger: Logger) => Promise<void>): Promise<void> {
  const logger = createLogger({ app: name, stream: 'stderr' });
  try {
    await work(logger);
  } catch (error) {
    logger.debug({ err: error }, 'command.failed');
    process.stderr.write(`error: ${sentenceOf(error)}\n`);
    // Open connections would keep the process running.
    process.exit(1);
  }
}
